"""What was decided, and between what. Written once."""

from __future__ import annotations

from django.db import models


class Options(models.Model):
    """The accounts of a brand as they stood at a moment; decisions between them share it."""

    digest = models.CharField(max_length=64, unique=True)
    candidates = models.JSONField()
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.candidates)} accounts at {self.taken_at:%Y-%m-%d %H:%M:%S}"


class Decision(models.Model):
    """Which account takes a payment, by which rule of which version, and why not another.

    ``subject`` names the payment (``transaction:<public id>:<attempt>``). Ids of accounts are of
    payments' table, which is above this one.
    """

    subject = models.CharField(max_length=80)
    decided_at = models.DateTimeField()
    cluster = models.CharField(max_length=30)
    rule_set = models.ForeignKey(
        "routing.RuleSet", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rule = models.PositiveSmallIntegerField(null=True, blank=True)
    rule_name = models.CharField(max_length=80, blank=True)
    facts = models.JSONField()
    options = models.ForeignKey(Options, on_delete=models.PROTECT, related_name="+")
    chosen_id = models.BigIntegerField(null=True, blank=True)
    ranked = models.JSONField(default=list)
    excluded = models.JSONField(default=list)

    class Meta:
        verbose_name = "routing decision"
        indexes = [
            models.Index(fields=["subject", "-id"], name="routing_of_subject"),
            models.Index(fields=["decided_at", "id"], name="routing_by_time"),
            models.Index(fields=["chosen_id", "-id"], name="routing_of_account"),
            models.Index(fields=["cluster", "-id"], name="routing_of_brand"),
        ]

    def __str__(self) -> str:
        return f"Decision {self.pk} on {self.subject}"
