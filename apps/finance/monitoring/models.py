"""Tables of monitoring. What is measured is written anew from the payments at every pass."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.finance.monitoring.choices import Basis, Counted, Level, Network, Programme
from apps.finance.monitoring.rules import Line, Month


class Threshold(TimeStamped):
    """A programme's line from a day on. A row is never edited: a later one replaces it."""

    programme = models.CharField(max_length=10, choices=Programme.choices)
    network = models.CharField(max_length=10, choices=Network.choices)
    effective_from = models.DateField()
    counted = models.CharField(max_length=20, choices=Counted.choices)
    basis = models.CharField(max_length=15, choices=Basis.choices)
    line_bps = models.PositiveIntegerField(help_text="Basis points; 150 is 1.5 %.")
    least_count = models.PositiveIntegerField(default=0)
    least_minor = models.PositiveBigIntegerField(default=0, help_text="Cents of USD or EUR.")
    least_sales = models.PositiveIntegerField(default=0)
    source = models.CharField(max_length=300)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        permissions = [("set_threshold", "Can set the lines of monitoring")]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "network", "effective_from"], name="threshold_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(line_bps__gt=0, line_bps__lt=10_000), name="threshold_ratio_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme} from {self.effective_from}"

    @property
    def line(self) -> Line:
        return Line(
            Counted(self.counted),
            Basis(self.basis),
            self.line_bps,
            self.least_count,
            self.least_minor,
            self.least_sales,
        )


class MidMonth(models.Model):
    """What one account did with one network's cards in one month (UTC)."""

    account_id = models.BigIntegerField()
    account = models.CharField(max_length=130)
    cluster = models.CharField(max_length=30)
    gateway = models.CharField(max_length=20)
    currency = models.CharField(max_length=5)
    month = models.DateField()
    network = models.CharField(max_length=10, blank=True, help_text="Empty: not told.")
    sales = models.PositiveIntegerField(default=0)
    sales_minor = models.BigIntegerField(default=0)
    chargebacks = models.PositiveIntegerField(default=0)
    fraud_chargebacks = models.PositiveIntegerField(default=0)
    fraud_minor = models.BigIntegerField(default=0)
    fraud_reports = models.PositiveIntegerField(default=0)
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "month", "network"], name="mid_month_once"
            ),
        ]
        indexes = [models.Index(fields=["-month", "account_id"], name="mid_month_newest")]

    def __str__(self) -> str:
        return f"{self.account} {self.month:%Y-%m} {self.network or 'other'}"

    @property
    def counts(self) -> Month:
        return Month(
            self.sales,
            self.chargebacks,
            self.fraud_chargebacks,
            self.fraud_minor,
            self.fraud_reports,
        )


class Standing(models.Model):
    """How close an account is to one programme's line in a month."""

    account_id = models.BigIntegerField()
    account = models.CharField(max_length=130)
    cluster = models.CharField(max_length=30)
    gateway = models.CharField(max_length=20)
    month = models.DateField()
    programme = models.CharField(max_length=10, choices=Programme.choices)
    count = models.PositiveIntegerField()
    ratio_bps = models.PositiveIntegerField()
    line_bps = models.PositiveIntegerField()
    least_count = models.PositiveIntegerField()
    reach_bps = models.PositiveIntegerField(help_text="10,000: the line is reached.")
    forecast_bps = models.PositiveIntegerField(help_text="The same at the month's end.")
    level = models.CharField(max_length=5, choices=Level.choices)
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "month", "programme"], name="standing_once"
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="standing_level_known"
            ),
        ]
        indexes = [models.Index(fields=["-month", "-reach_bps", "id"], name="standing_worst")]

    def __str__(self) -> str:
        return f"{self.account} {self.programme} {self.month:%Y-%m}"


class Alert(models.Model):
    """Said once when a standing reaches a level; a person notes what was done about it."""

    account_id = models.BigIntegerField()
    account = models.CharField(max_length=130)
    month = models.DateField()
    programme = models.CharField(max_length=10, choices=Programme.choices)
    level = models.CharField(max_length=5, choices=Level.choices)
    count = models.PositiveIntegerField()
    ratio_bps = models.PositiveIntegerField()
    raised_at = models.DateTimeField()
    noted_at = models.DateTimeField(null=True, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        permissions = [("note_alert", "Can note what was done about an alert")]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "month", "programme", "level"], name="alert_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-raised_at", "-id"],
                condition=Q(noted_at__isnull=True),
                name="alert_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_level_display().lower()} ({self.programme})"
