"""Our accounts at card processors."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from apps.core.models import TimeStamped
from apps.finance.payments.choices import Gateway


class MerchantAccount(TimeStamped):
    """A MID: one brand's account at a gateway. No brand may use another's."""

    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    account_number = models.CharField(max_length=20)
    subaccount = models.CharField(max_length=20)
    flex_id = models.CharField(max_length=60, help_text="The hosted form's id.")
    descriptor = models.CharField(max_length=60, help_text="What the card statement shows.")
    currency = models.CharField(max_length=5, default="USD")
    least_minor = models.BigIntegerField(default=295, help_text="Smallest charge allowed.")
    most_minor = models.BigIntegerField(default=100_00, help_text="Largest charge allowed.")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "account_number", "subaccount"], name="mid_unique"
            ),
            models.UniqueConstraint(
                fields=["cluster", "gateway", "currency"],
                condition=Q(is_active=True),
                name="mid_one_active_per_brand",
            ),
            models.CheckConstraint(
                condition=Q(gateway__in=Gateway.values), name="mid_gateway_known"
            ),
            models.CheckConstraint(
                condition=Q(least_minor__gt=0, most_minor__gte=F("least_minor")),
                name="mid_limits_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.account_number}-{self.subaccount}"
