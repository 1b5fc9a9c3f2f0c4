"""A rule tested on the past: what it would have caught, and whom it would have refused."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import WALKING, Walk

_OPEN = Q(status__in=WALKING)


class BackTest(Walk):
    """Assessments of a stretch of time, made again with a rule (or all rules) of the shadow.

    ``sums`` adds up by outcome before, outcome now, what became of the payment, and currency.
    """

    rule = models.ForeignKey(
        "risk.RiskRule", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sums = models.JSONField(default=list)

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
