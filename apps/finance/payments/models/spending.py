"""What fans let themselves spend."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.payments.rules.spending import Per


class SpendingLimit(models.Model):
    """A fan's own limit from a moment on; a row is never edited, a later one replaces it.

    ``withdrawn_at`` is set for one that was to begin later and was replaced before it did.
    """

    profile = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    per = models.CharField(max_length=5, choices=Per.choices)
    amount_minor = models.BigIntegerField(
        null=True, blank=True, help_text="Empty: no limit from then on."
    )
    currency = models.CharField(max_length=5)
    effective_from = models.DateTimeField()
    set_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__isnull=True) | Q(amount_minor__gt=0),
                name="spending_limit_positive",
            ),
            models.CheckConstraint(condition=Q(per__in=Per.values), name="spending_limit_per"),
            models.CheckConstraint(
                condition=Q(effective_from__gte=models.F("set_at")),
                name="spending_limit_not_in_the_past",
            ),
        ]
        indexes = [
            models.Index(
                fields=["profile", "currency", "per", "-effective_from", "-id"],
                condition=Q(withdrawn_at__isnull=True),
                name="spending_limit_of_profile",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} a {self.per.lower()}"
