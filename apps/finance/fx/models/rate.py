"""Published exchange rates, by day and by when we knew them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class ExchangeRate(models.Model):
    """A unit of ``base`` cost ``rate`` units of ``quote`` on a day. Append-only.

    A correction is a newer row for the same day: the latest row counts, and the rows before a
    moment say what was known then (two times: ``on`` and ``recorded_at``).
    """

    base = models.CharField(max_length=5)
    quote = models.CharField(max_length=5)
    on = models.DateField(help_text="The day the rate is of.")
    rate = models.DecimalField(max_digits=36, decimal_places=18)
    source = models.CharField(max_length=30, help_text="Who published it: ECB, KRAKEN, MANUAL.")
    recorded_at = models.DateTimeField(help_text="When the platform came to know it.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who typed or imported it; empty for the machine.",
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        permissions = [("record_rate", "Can record an exchange rate by hand")]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="fx_rate_positive"),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="fx_rate_two_currencies"),
        ]
        indexes = [
            models.Index(fields=["base", "quote", "-on", "-id"], name="fx_rate_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} on {self.on:%Y-%m-%d}"
