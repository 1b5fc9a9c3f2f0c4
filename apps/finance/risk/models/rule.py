"""Rules and limits, in versions that are never edited: in shadow, live, or no more."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.finance.risk.choices import RuleKind, RuleStatus
from apps.finance.risk.rules.judge import Limits
from apps.finance.risk.rules.wants import RuleData


class Versioned(models.Model):
    """Written by one person into the shadow, made live by another, retired by its successor."""

    status = models.CharField(max_length=10, choices=RuleStatus.choices, default=RuleStatus.SHADOW)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    live_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    live_at = models.DateTimeField(null=True, blank=True)
    live_reason = models.CharField(max_length=300, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class RiskRule(Versioned):
    """One version of a rule. ``code`` is its name through all versions."""

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=RuleKind.choices)
    params = models.JSONField(default=dict)
    score = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "risk rule"
        permissions = [
            ("write_rules", "Can write risk rules into the shadow and retire them"),
            ("make_live", "Can make a risk rule live that another wrote"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["code", "version"], name="risk_rule_version"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status=RuleStatus.LIVE), name="risk_one_live"
            ),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status=RuleStatus.SHADOW), name="risk_one_shadow"
            ),
            models.CheckConstraint(
                condition=Q(status__in=RuleStatus.values), name="risk_status_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=RuleKind.values), name="risk_kind_known"),
            models.CheckConstraint(condition=Q(score__lte=100), name="risk_score_in_range"),
            models.CheckConstraint(
                condition=Q(live_by__isnull=True) | ~Q(live_by=F("by")),
                name="risk_live_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"

    @property
    def data(self) -> RuleData:
        return RuleData(
            id=self.pk,
            code=self.code,
            kind=RuleKind(self.kind),
            score=self.score,
            params=self.params,
            is_shadow=self.status == RuleStatus.SHADOW,
        )


class RiskLimits(Versioned):
    """From which score on a payment is challenged, reviewed, blocked."""

    challenge = models.PositiveSmallIntegerField()
    review = models.PositiveSmallIntegerField()
    block = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "risk limits"
        verbose_name_plural = "risk limits"
        constraints = [
            models.UniqueConstraint(
                fields=["status"],
                condition=Q(status__in=[RuleStatus.LIVE, RuleStatus.SHADOW]),
                name="risk_one_of_limits",
            ),
            models.CheckConstraint(
                condition=Q(
                    challenge__gte=1,
                    review__gte=F("challenge"),
                    block__gte=F("review"),
                    block__lte=101,
                ),
                name="risk_limits_rise",
            ),
            models.CheckConstraint(
                condition=Q(live_by__isnull=True) | ~Q(live_by=F("by")),
                name="risk_limits_live_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.challenge} / {self.review} / {self.block}"

    @property
    def data(self) -> Limits:
        return Limits(self.challenge, self.review, self.block)
