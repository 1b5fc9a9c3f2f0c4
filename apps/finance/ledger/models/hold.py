"""Money promised: it stays in its account, but nothing else can spend it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.finance.ledger.choices import HoldState
from apps.finance.ledger.models.account import Account


class Hold(models.Model):
    """A part of an account's balance kept for one purpose: captured, released or expired.

    ``amount_minor - captured_minor - released_minor`` is still held. A trigger moves
    ``held_minor`` of the balance with every change, and lets a row make legal moves only.
    """

    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="holds",
    )
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    released_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.OPEN)
    source = models.CharField(max_length=120, help_text="The event, once for ever.")
    cluster = models.CharField(max_length=50, blank=True, help_text="Slug of the brand.")
    memo = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="ledger_hold_source_once"),
            models.CheckConstraint(
                condition=~Q(source="")
                & Q(amount_minor__gt=0, captured_minor__gte=0, released_minor__gte=0)
                & (
                    Q(
                        state=HoldState.OPEN,
                        ended_at__isnull=True,
                        amount_minor__gt=F("captured_minor") + F("released_minor"),
                    )
                    | (
                        ~Q(state=HoldState.OPEN)
                        & Q(
                            ended_at__isnull=False,
                            amount_minor=F("captured_minor") + F("released_minor"),
                        )
                    )
                ),
                name="ledger_hold_well_formed",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-id"], name="ledger_hold_of_account"),
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(state=HoldState.OPEN),
                name="ledger_hold_expiring",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.state}"

    @property
    def open_minor(self) -> int:
        """What is still held."""
        return self.amount_minor - self.captured_minor - self.released_minor
