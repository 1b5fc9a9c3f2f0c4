"""A rule tested on the past: what it would have caught, and whom it would have refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.risk.choices import TestStatus

_OPEN = Q(status__in=[TestStatus.WAITING, TestStatus.RUNNING])


class BackTest(models.Model):
    """Assessments of a stretch of time, made again with a rule (or all rules) of the shadow.

    ``sums`` adds up by outcome before, outcome now, what became of the payment, and currency.
    ``bookmark`` is the last assessment in them: a killed worker loses one step.
    """

    rule = models.ForeignKey(
        "risk.RiskRule", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    since = models.DateTimeField()
    until = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    status = models.CharField(
        max_length=10, choices=TestStatus.choices, default=TestStatus.WAITING
    )
    first_id = models.BigIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)
    bookmark = models.BigIntegerField(default=0)
    counted = models.PositiveBigIntegerField(default=0)
    changed = models.PositiveBigIntegerField(default=0)
    sums = models.JSONField(default=list)
    examples = models.JSONField(default=list)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "test of risk rules"
        verbose_name_plural = "tests of risk rules"
        permissions = [("run_back_test", "Can test risk rules on past payments")]
        constraints = [
            models.UniqueConstraint(
                fields=["rule"],
                condition=_OPEN,
                nulls_distinct=False,
                name="risk_one_test_at_once",
            )
        ]
        indexes = [models.Index(fields=["id"], condition=_OPEN, name="risk_tests_to_do")]

    def __str__(self) -> str:
        return f"Test {self.pk} of {self.rule or 'all rules in shadow'}"
