"""What analytics are made of: one row a day for each kind of movement."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.subscriptions.choices import Movement


class MrrMove(models.Model):
    """One line of history that moved MRR: what every figure of subscriptions is added up from.

    Derived: ``services.facts`` makes the moves of a fan with a creator anew from the history.
    """

    event = models.ForeignKey(
        "subscriptions.SubscriptionEvent", on_delete=models.PROTECT, db_constraint=False,
        db_index=False, related_name="+",
    )  # fmt: skip
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_constraint=False,
        related_name="mrr_moves",
    )  # fmt: skip
    at = models.DateTimeField()
    day = models.DateField(help_text="In UTC.")
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    currency = models.CharField(max_length=5)
    movement = models.CharField(max_length=12, choices=Movement.choices)
    count = models.PositiveSmallIntegerField(
        help_text="1, but 0 on the plan that is left for another."
    )
    subscribers = models.SmallIntegerField(help_text="1 came, 0, or -1 went.")
    minor = models.BigIntegerField(help_text="MRR that came (above zero) or went (below).")
    cohort = models.DateField(help_text="First day of the month the fan began to pay the creator.")
    cohort_plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+",
        help_text="The plan the fan began to pay.",
    )  # fmt: skip

    class Meta:
        verbose_name = "movement of MRR"
        verbose_name_plural = "movements of MRR"
        constraints = [
            models.UniqueConstraint(
                fields=["event", "plan", "currency"], name="mrr_move_once_a_line"
            )
        ]
        indexes = [
            models.Index(fields=["day", "plan"], name="mrr_move_of_day"),
            models.Index(fields=["cohort", "cohort_plan", "day"], name="mrr_move_of_cohort"),
        ]

    def __str__(self) -> str:
        return f"{self.movement} by subscription {self.subscription_id}"


class FactsMark(models.Model):
    """How far the figures are made. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    made_to = models.BigIntegerField(default=0, help_text="The last line of history, by id.")
    cohorts_of = models.DateField(
        null=True, blank=True, help_text="The month up to which cohorts have an age."
    )
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="facts_mark_is_one")]

    def __str__(self) -> str:
        return f"Figures made to {self.made_to}"


class DailyFact(models.Model):
    """What moved MRR on a day (UTC), by plan. Made anew from the history as often as one likes."""

    day = models.DateField()
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    currency = models.CharField(max_length=5)
    movement = models.CharField(max_length=12, choices=Movement.choices)
    count = models.PositiveIntegerField()
    subscribers = models.IntegerField(
        default=0, db_default=0, help_text="Who came (above zero) or went (below)."
    )
    minor = models.BigIntegerField(help_text="MRR that came (above zero) or went (below).")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "plan", "currency", "movement"], name="fact_one_of_a_kind"
            )
        ]
        indexes = [
            models.Index(fields=["cluster", "day"], name="fact_of_brand"),
            models.Index(fields=["creator", "day"], name="fact_of_creator"),
        ]

    def __str__(self) -> str:
        return f"{self.movement} of plan {self.plan_id} on {self.day}"


class DailyTake(models.Model):
    """What subscriptions took in on a day, by plan: exact against the ledger."""

    day = models.DateField()
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    currency = models.CharField(max_length=5)
    payments = models.PositiveIntegerField()
    gross_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    platform_fee_minor = models.BigIntegerField()
    processing_fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField(help_text="What creators got.")
    refunded_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "plan", "currency"], name="take_one_of_a_day"),
            models.CheckConstraint(
                condition=Q(gross_minor__gte=0, tax_minor__gte=0), name="take_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["cluster", "day"], name="take_of_brand"),
            models.Index(fields=["creator", "day"], name="take_of_creator"),
        ]

    def __str__(self) -> str:
        return f"Take of plan {self.plan_id} on {self.day}"


class Cohort(models.Model):
    """Of those who began paying in a month: how many still did, so many months later."""

    month = models.DateField(help_text="The first day of the month they began.")
    age = models.PositiveSmallIntegerField(help_text="Months later; 0 is the month itself.")
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    began = models.PositiveIntegerField()
    stayed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month", "age", "plan"], name="cohort_one_of_an_age")
        ]
        indexes = [
            models.Index(fields=["cluster", "month"], name="cohort_of_brand"),
            models.Index(fields=["creator", "month"], name="cohort_of_creator"),
        ]

    def __str__(self) -> str:
        return f"Cohort {self.month:%Y-%m}, {self.age} months later"
