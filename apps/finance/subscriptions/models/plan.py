"""What a creator offers: plans with prices that are never edited."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q, Value

from apps.core.money import Money
from apps.finance.subscriptions.choices import Alignment, PlanStatus

_NONE = Value([], models.JSONField())
MOST_MONTHS = 24
MOST_TRIAL_DAYS = 90


class Plan(models.Model):
    """An offer of a creator on a brand. A plan without prices is a free follow (``is_free``)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    name = models.CharField(max_length=60)
    description = models.CharField(max_length=500, blank=True)
    tier = models.PositiveSmallIntegerField(
        default=1, help_text="Rank among the creator's plans: a higher one opens all of a lower."
    )
    benefits = models.JSONField(default=list, db_default=_NONE, blank=True)
    is_free = models.BooleanField(default=False, help_text="A free follow: nothing is charged.")
    alignment = models.CharField(
        max_length=12, choices=Alignment.choices, default=Alignment.ANNIVERSARY
    )
    trial_days = models.PositiveSmallIntegerField(default=0, help_text="0: no trial.")
    trial_minor = models.BigIntegerField(
        default=0, help_text="Price of the trial in the price's currency; 0: free."
    )
    status = models.CharField(max_length=10, choices=PlanStatus.choices, default=PlanStatus.ACTIVE)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("moderate_plan", "Can archive creators' plans")]
        constraints = [
            models.CheckConstraint(
                condition=Q(trial_days__lte=MOST_TRIAL_DAYS, trial_minor__gte=0)
                & (Q(trial_days__gt=0) | Q(trial_minor=0)),
                name="plan_trial_fits",
            ),
            models.CheckConstraint(
                condition=Q(is_free=False) | Q(trial_days=0), name="plan_free_has_no_trial"
            ),
            models.CheckConstraint(
                condition=Q(status=PlanStatus.ACTIVE, archived_at__isnull=True)
                | Q(status=PlanStatus.ARCHIVED, archived_at__isnull=False),
                name="plan_archived_at_fits",
            ),
            models.CheckConstraint(condition=Q(tier__gte=1), name="plan_tier_from_one"),
        ]
        indexes = [
            models.Index(fields=["creator", "tier", "id"], name="plan_of_creator"),
            models.Index(fields=["cluster", "-id"], name="plan_of_brand"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (#{self.pk})"


class Price(models.Model):
    """What a plan costs for so many months; 0 months: once, for life. Never edited: a new price
    replaces it (``replaced_at``), and who subscribed at it keeps it until told otherwise."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    months = models.PositiveSmallIntegerField(help_text="1, 3, 12 …; 0 for life.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    created_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="price_above_zero"),
            models.CheckConstraint(condition=Q(months__lte=MOST_MONTHS), name="price_months_fit"),
            models.UniqueConstraint(
                fields=["plan", "months", "currency"],
                condition=Q(replaced_at__isnull=True),
                name="price_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.months or 'all'} months"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PriceChange(models.Model):
    """A new price for who pays an old one: from when, and whether they must agree."""

    old = models.ForeignKey(Price, on_delete=models.PROTECT, db_index=False, related_name="+")
    new = models.ForeignKey(Price, on_delete=models.PROTECT, db_index=False, related_name="+")
    effective_at = models.DateTimeField(help_text="The first period from here on costs the new.")
    needs_consent = models.BooleanField(help_text="Without the fan's yes it ends instead.")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    told_up_to = models.BigIntegerField(
        default=0, help_text="The last subscription that was told of it, by id."
    )
    told_at = models.DateTimeField(null=True, blank=True, help_text="When all had been told.")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["old"],
                condition=Q(withdrawn_at__isnull=True),
                name="price_change_one_of_a_price",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(told_at__isnull=True, withdrawn_at__isnull=True),
                name="price_change_to_tell",
            )
        ]

    def __str__(self) -> str:
        return f"{self.old} to {self.new} from {self.effective_at:%Y-%m-%d}"
