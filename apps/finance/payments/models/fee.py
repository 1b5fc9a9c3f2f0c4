"""What payments cost, by brand and date."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.core.money import BPS_WHOLE
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.rules.fees import Rates


class FeeSchedule(TimeStamped):
    """Rates from a moment on. A row is never edited: a new one with a later date replaces it.

    The brand's own row wins over the one for all brands; among equals the latest wins.
    """

    cluster = models.ForeignKey(
        "clusters.Cluster",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: every brand without a row of its own.",
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    method = models.CharField(max_length=10, choices=Method.choices)
    platform_bps = models.PositiveIntegerField(help_text="Basis points; 1500 is 15 %.")
    processing_bps = models.PositiveIntegerField()
    processing_fixed_minor = models.PositiveIntegerField(default=0)
    effective_from = models.DateTimeField()

    class Meta:
        permissions = [("set_fee", "Can set what payments cost from a day on")]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "kind", "method", "effective_from"],
                nulls_distinct=False,
                name="fee_one_per_moment",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="fee_kind_known"),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="fee_method_known"),
            models.CheckConstraint(
                condition=Q(platform_bps__lte=BPS_WHOLE - models.F("processing_bps")),
                name="fee_at_most_the_whole",
            ),
            models.CheckConstraint(
                condition=~Q(kind=Kind.WALLET_DEPOSIT) | Q(platform_bps=0),
                name="fee_deposit_without_platform_fee",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.WALLET) | Q(processing_bps=0, processing_fixed_minor=0),
                name="fee_wallet_without_processing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.method} from {self.effective_from:%Y-%m-%d}"

    @property
    def rates(self) -> Rates:
        return Rates(self.platform_bps, self.processing_bps, self.processing_fixed_minor)
