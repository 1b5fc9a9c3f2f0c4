"""Tables of mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.notifications.choices import NOT_REACHED, State, What
from apps.notifications.rules.kinds import KINDS


class Message(models.Model):
    """One mail to one person: what it will say, and what became of it.

    Text, address and context are emptied some time after the end (``rules.waiting``); that it
    was sent, when, and the hash of its words stay.
    """

    key = models.CharField(max_length=120, unique=True, help_text="Names it for ever.")
    kind = models.CharField(max_length=40)
    # That both are there is looked at once for a statement (docs/adr/0027).
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    subject_ref = models.CharField(max_length=80, blank=True, help_text="What it is about.")
    context = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    send_at = models.DateTimeField(help_text="Not before this.")
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When its state became so.")
    last_answer = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=254, blank=True, help_text="Where it was sent.")
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True, help_text="In the words that were sent.")
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of subject, line end and text as sent."
    )
    looked_at = models.DateTimeField(null=True, blank=True, help_text="By a person, if it failed.")

    class Meta:
        verbose_name = "mail"
        verbose_name_plural = "mail"
        permissions = [
            ("resend_message", "Can have mail sent again and say what became of it"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="mail_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state=State.QUEUED),
                name="mail_due",
            ),
            models.Index(
                fields=["subject_ref", "-id"],
                condition=~Q(subject_ref=""),
                name="mail_about",
            ),
            models.Index(
                fields=["id"],
                condition=Q(state__in=NOT_REACHED, looked_at__isnull=True),
                name="mail_to_look_at",
            ),
            models.Index(
                fields=["ended_at", "id"],
                condition=~Q(context={}) & ~Q(state=State.QUEUED),
                name="mail_with_text",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def title(self) -> str:
        """What people call its kind; one that is gone keeps its name."""
        kind = KINDS.get(self.kind)
        return kind.title if kind else self.kind


class Step(models.Model):
    """One line of a message's history: a try, an end, what a person did."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="history")
    at = models.DateTimeField()
    what = models.CharField(max_length=10, choices=What.choices)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT,
        related_name="+", db_index=False,
    )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.what}"


class Suppression(models.Model):
    """A person wants no mail of an optional kind, on any brand."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=40)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="mail_unwanted_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} wants no {self.kind}"
