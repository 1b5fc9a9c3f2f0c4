"""How much of what we collect comes back, day by day."""

from __future__ import annotations

from django.db import models


class ReturnRate(models.Model):
    """Entries and returns of the 60 days before, of an account at our bank; made anew each hour.

    Source of the lines: Nacha Operating Rules, subsection 2.17.2 (settings.RETURN_LINES).
    """

    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    day = models.DateField()
    entries = models.PositiveIntegerField()
    unauthorised = models.PositiveIntegerField()
    administrative = models.PositiveIntegerField()
    returned = models.PositiveIntegerField(help_text="All returns.")
    is_near = models.BooleanField(help_text="One of the rates is near, or over, its line.")
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "day"], name="return_rate_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.returned} of {self.entries}"
