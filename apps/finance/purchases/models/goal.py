"""What a creator collects tips for."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.core.money import Money
from apps.finance.purchases.choices import GoalState


class Goal(TimeStamped):
    """A sum that tips go towards. ``raised_minor`` is the sum of its tips, less what went back."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    target_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    raised_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=7, choices=GoalState.choices, default=GoalState.OPEN)
    reached_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("close_goal", "Can close creators' goals")]
        constraints = [
            models.CheckConstraint(
                condition=Q(target_minor__gt=0, raised_minor__gte=0), name="goal_figures_fit"
            ),
            models.CheckConstraint(
                condition=Q(state=GoalState.CLOSED, closed_at__isnull=False)
                | Q(state__in=[GoalState.OPEN, GoalState.REACHED], closed_at__isnull=True),
                name="goal_closed_since",
            ),
        ]
        indexes = [models.Index(fields=["creator", "state", "-id"], name="goal_of_creator")]

    def __str__(self) -> str:
        return self.title

    @property
    def target(self) -> Money:
        return Money(self.target_minor, self.currency)

    @property
    def raised(self) -> Money:
        return Money(self.raised_minor, self.currency)

    @property
    def percent(self) -> int:
        """How far it is, 100 at most; 100 only when it is there."""
        return min(100, self.raised_minor * 100 // self.target_minor)

    @property
    def subject(self) -> str:
        """What its tips say they are for."""
        return f"goal:{self.pk}"


class GoalTip(models.Model):
    """What one tip counts towards a goal; a row per payment, so none counts twice."""

    goal = models.ForeignKey(Goal, on_delete=models.PROTECT, related_name="tips")
    transaction = models.OneToOneField(
        "payments.Transaction", on_delete=models.PROTECT, related_name="+"
    )
    counted_minor = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(counted_minor__gte=0), name="goal_tip_not_below")
        ]

    def __str__(self) -> str:
        return f"Tip {self.transaction_id} to goal {self.goal_id}"
