"""Where statements come from, and by which rules they are compared."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.ledger.postings import AccountRef
from apps.finance.reconciliation.choices import Compares


class StatementSource(models.Model):
    """One account of the books that somebody else's statements prove, and its rules.

    ``mapping`` tells the format where a file keeps what (docs/how-to/reconcile.md).
    """

    name = models.CharField(max_length=80, unique=True)
    code = models.CharField(max_length=10, help_text="Node of the chart: 1000, 1100 or 1200.")
    owner = models.CharField(max_length=80, blank=True, help_text="processor:ccbill.")
    currency = models.CharField(max_length=5)
    format = models.CharField(max_length=40)
    mapping = models.JSONField(default=dict, blank=True)
    compares = models.CharField(max_length=5, choices=Compares.choices, default=Compares.NET)
    date_window_days = models.PositiveSmallIntegerField(
        default=3, help_text="How far apart two dates may be where amounts alone are compared."
    )
    settlement_days = models.PositiveSmallIntegerField(
        default=7, help_text="How long after us the other side may book; then it is missing."
    )
    tolerance_minor = models.BigIntegerField(
        default=0, help_text="Difference that is not worth a look, in the smallest unit."
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "statement source"
        permissions = [("set_source", "Can set up sources of statements")]
        constraints = [
            models.UniqueConstraint(
                fields=["code", "owner", "currency"], name="reconciliation_source_of_account"
            ),
            models.CheckConstraint(
                condition=Q(tolerance_minor__gte=0), name="reconciliation_tolerance_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(compares__in=Compares.values), name="reconciliation_compares_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def account(self) -> AccountRef:
        return AccountRef(self.code, self.owner)
