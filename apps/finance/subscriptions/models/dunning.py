"""How failed renewals are tried again, what was tried, and the runs of the billing cycle."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q, Value

from apps.finance.subscriptions.choices import DeclineClass, RunState

_NONE = Value({}, models.JSONField())


class DunningPolicy(models.Model):
    """When failed charges are tried again, in days after the first. Only ever replaced."""

    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True, related_name="+",
        help_text="Empty: all brands without one of their own.",
    )  # fmt: skip
    days = models.JSONField(help_text="Days after the first failure, rising: [1, 3, 7, 14].")
    grace_days = models.PositiveSmallIntegerField(
        help_text="Access goes on for so long after the period, apart from the tries."
    )
    effective_from = models.DateTimeField()

    class Meta:
        verbose_name_plural = "dunning policies"
        permissions = [("set_dunning_policy", "Can set when failed charges are tried again")]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "effective_from"],
                name="dunning_policy_one_per_moment",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(grace_days__lte=60), name="dunning_policy_grace_fits"
            ),
        ]

    def __str__(self) -> str:
        return f"Tries after {self.days} days, {self.grace_days} days of grace"


class DunningTry(models.Model):
    """A charge of a period that failed, and when the next is."""

    subscription = models.ForeignKey(
        "subscriptions.Subscription",
        on_delete=models.PROTECT,
        db_index=False,
        related_name="dunning",
    )
    period_number = models.PositiveIntegerField()
    number = models.PositiveSmallIntegerField(help_text="1 is the charge on the due day.")
    at = models.DateTimeField()
    decline_class = models.CharField(max_length=6, choices=DeclineClass.choices)
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    transaction = models.ForeignKey(
        "payments.Transaction",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    next_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it was the last.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "period_number", "number"], name="dunning_try_once"
            )
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="dunning_try_newest")]

    def __str__(self) -> str:
        return f"Try {self.number} for subscription {self.subscription_id}"


class BillingRun(models.Model):
    """A stretch of work of the billing cycle: what it found due and what became of it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    started_at = models.DateTimeField()
    worked_at = models.DateTimeField(help_text="When it last did something.")
    ended_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    due = models.PositiveIntegerField(default=0, help_text="Estimated when it began.")
    renewed = models.PositiveIntegerField(default=0)
    declined = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0, help_text="The gateway has not answered.")
    ended = models.PositiveIntegerField(default=0, help_text="Subscriptions that ended.")
    failed = models.PositiveIntegerField(default=0, help_text="Left for the next run: an error.")
    money = models.JSONField(
        default=dict, db_default=_NONE, blank=True, help_text="Renewed, minor units by currency."
    )

    class Meta:
        indexes = [models.Index(fields=["-started_at", "-id"], name="billing_run_newest")]

    def __str__(self) -> str:
        return f"Billing run #{self.pk}"


class BillingFailure(models.Model):
    """A subscription that a run could not bill for a reason that is ours."""

    run = models.ForeignKey(
        BillingRun, on_delete=models.PROTECT, db_index=False, related_name="failures"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    at = models.DateTimeField()
    code = models.CharField(max_length=80)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="billing_failure_of_run")]

    def __str__(self) -> str:
        return f"{self.code} of subscription {self.subscription_id}"
