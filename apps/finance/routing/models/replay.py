"""A replay: what a draft would have done with the payments of the last days."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.routing.choices import ReplayStatus


class Replay(models.Model):
    """Decisions of a stretch of time, made again by another version. It writes only its sums.

    ``bookmark`` is the last decision that is in them, so a killed worker loses one step at most.
    ``flows`` adds up ``{"from": id, "to": id, "currency", ...}``; its length is bounded by the
    number of accounts, not of payments.
    """

    rule_set = models.ForeignKey("routing.RuleSet", on_delete=models.CASCADE, related_name="+")
    revision = models.PositiveIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    status = models.CharField(
        max_length=10, choices=ReplayStatus.choices, default=ReplayStatus.WAITING
    )
    first_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    bookmark = models.BigIntegerField(default=0)
    counted = models.PositiveBigIntegerField(default=0)
    changed = models.PositiveBigIntegerField(default=0)
    flows = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "routing replay"
        permissions = [("run_replay", "Can replay past payments against a draft")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule_set"],
                condition=Q(status__in=[ReplayStatus.WAITING, ReplayStatus.RUNNING]),
                name="routing_one_replay_at_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(status__in=[ReplayStatus.WAITING, ReplayStatus.RUNNING]),
                name="routing_replays_to_do",
            )
        ]

    def __str__(self) -> str:
        return f"Replay {self.pk} of version {self.rule_set_id}"
