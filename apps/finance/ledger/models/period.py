"""The months of the books and who moved them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.ledger.choices import PeriodState


class Period(models.Model):
    """A month of the books. A month without a row is open, unless a later one is closed."""

    month = models.DateField(unique=True, help_text="Its first day.")
    state = models.CharField(max_length=10, choices=PeriodState.choices, default=PeriodState.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("close_period", "Can close months")]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="ledger_period_is_a_month"),
            models.CheckConstraint(
                condition=Q(state="CLOSED", closed_at__isnull=False)
                | (~Q(state="CLOSED") & Q(closed_at__isnull=True)),
                name="ledger_period_closed_since",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.state}"


class PeriodMove(models.Model):
    """One step of a month: who took it, who agreed, and why. Append-only."""

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField()
    from_state = models.CharField(max_length=10, choices=PeriodState.choices)
    to_state = models.CharField(max_length=10, choices=PeriodState.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_state="CLOSED")
                | (Q(approved_by__isnull=False) & ~Q(approved_by=models.F("by"))),
                name="ledger_period_reopened_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period_id}: {self.from_state} to {self.to_state}"
