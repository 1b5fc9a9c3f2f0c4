"""A subscription, its periods, and everything that happened to it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value

from apps.core.money import Money
from apps.finance.subscriptions.choices import (
    LIVE,
    Consent,
    EndReason,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)

_LIVE = sorted(state.value for state in LIVE)
_NONE = Value({}, models.JSONField())


class Subscription(models.Model):
    """A fan's standing with a creator. ``state`` is changed only by ``services.move``.

    ``due_at`` is when the machine must look at it next, whatever for: the state says what
    for (renew, end what is cancelled, try again, resume, end what was never paid). None: never.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    fan = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    price = models.ForeignKey(
        "subscriptions.Price", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True, related_name="+",
        help_text="Empty: a free follow.",
    )  # fmt: skip
    tier = models.PositiveSmallIntegerField(help_text="Of the plan, as it is entitled.")
    months = models.PositiveSmallIntegerField(default=0, help_text="Of a period; 0: for life.")
    amount_minor = models.BigIntegerField(
        default=0, help_text="Full price of a period, before promotion and tax on top."
    )
    currency = models.CharField(max_length=5, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.INCOMPLETE)
    renews_by = models.CharField(max_length=10, choices=RenewsBy.choices)
    means = models.ForeignKey(
        "payments.PaymentMethod", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    first_transaction = models.ForeignKey(
        "payments.Transaction", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True, related_name="+",
        help_text="The sale it began with: a gateway that renews names this one.",
    )  # fmt: skip
    timezone = models.CharField(
        max_length=40, default="UTC", help_text="Where its days begin (IANA)."
    )
    anchored_at = models.DateTimeField(
        null=True, blank=True, help_text="From here its periods are counted, never from the last."
    )
    anchored_number = models.PositiveIntegerField(
        default=0, help_text="The number of the period that begins at the anchor."
    )
    period_number = models.PositiveIntegerField(
        default=0, help_text="Of the last period that was opened; see Period."
    )
    current_from = models.DateTimeField(null=True, blank=True)
    current_until = models.DateTimeField(
        null=True, blank=True, help_text="Paid (or free) until here; empty: no end."
    )
    due_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker charges its means; leave it alone until then."
    )
    access_until = models.DateTimeField(
        null=True, blank=True, help_text="When access ends if nothing is paid: period and grace."
    )
    cancel_at_end = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Failed charges of the period that is due."
    )
    promotion = models.ForeignKey(
        "subscriptions.Promotion", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    promotion_left = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Periods it is still cheaper for; empty: all."
    )
    next_plan = models.ForeignKey(
        "subscriptions.Plan",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    next_price = models.ForeignKey(
        "subscriptions.Price",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    price_change = models.ForeignKey(
        "subscriptions.PriceChange", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True,
        related_name="+", help_text="The change of price it was told of.",
    )  # fmt: skip
    consent = models.CharField(max_length=10, choices=Consent.choices, default=Consent.NOT_NEEDED)
    trial_ends_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(
        null=True, blank=True, help_text="Of the end of this period or trial."
    )
    remind_at = models.DateTimeField(
        null=True, blank=True, help_text="When its fan must be reminded next."
    )
    held_why = models.CharField(
        max_length=60, blank=True, default="", db_default="",
        help_text="Not charged until a person has looked: a notice did not arrive.",
    )  # fmt: skip
    renewal_stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway that renews agreed to charge no more."
    )
    stop_due_at = models.DateTimeField(
        null=True, blank=True,
        help_text="When a gateway is asked next to charge no more; empty: nothing is to stop.",
    )  # fmt: skip
    buyer_country = models.CharField(
        max_length=6, blank=True, help_text="Where the fan said to be (ISO 3166), for tax."
    )
    terms = models.TextField(blank=True, help_text="What was on the screen and agreed to.")
    terms_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the terms.")
    terms_agreed_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(
        max_length=12, choices=EndReason.choices, blank=True, default=EndReason.NONE
    )

    class Meta:
        permissions = [
            ("cancel_subscription", "Can cancel or end subscriptions of fans"),
            ("retry_subscription", "Can have a failed charge tried again"),
            ("note_subscription", "Can write notes into the history of subscriptions"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["fan", "creator"], condition=Q(state__in=_LIVE), name="sub_one_live"
            ),
            models.UniqueConstraint(
                fields=["fan", "idempotency_key"], name="sub_idempotency_key_unique"
            ),
            models.CheckConstraint(condition=~Q(fan=F("creator")), name="sub_not_to_oneself"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="sub_amount_fits"),
            models.CheckConstraint(
                condition=Q(state=State.ENDED, ended_at__isnull=False, end_reason__gt="")
                | (~Q(state=State.ENDED) & Q(ended_at__isnull=True, end_reason="")),
                name="sub_ended_at_fits",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ENDED) | Q(due_at__isnull=True, remind_at__isnull=True),
                name="sub_ended_is_not_due",
            ),
            models.CheckConstraint(
                condition=Q(cancel_at_end=False) | Q(cancelled_at__isnull=False),
                name="sub_cancelled_at_fits",
            ),
            models.CheckConstraint(
                condition=Q(state=State.PAUSED, paused_at__isnull=False) | ~Q(state=State.PAUSED),
                name="sub_paused_at_fits",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="sub_due"
            ),
            models.Index(
                fields=["remind_at", "id"],
                condition=Q(remind_at__isnull=False),
                name="sub_to_remind",
            ),
            # A fan's own, some dozens at most, are found by sub_idempotency_key_unique.
            models.Index(fields=["creator", "-id"], name="sub_of_creator"),
            models.Index(fields=["cluster", "-id"], name="sub_of_brand"),
            # Partial: a renewal writes none of it. The other states are found by the key.
            models.Index(
                fields=["state", "-id"],
                condition=Q(state__in=[State.INCOMPLETE, State.PAUSED, State.TRIALING]),
                name="sub_by_rare_state",
            ),
            models.Index(
                fields=["price", "id"],
                condition=~Q(state__in=[State.ENDED, State.INCOMPLETE]),
                name="sub_at_price",
            ),
            models.Index(fields=["id"], condition=Q(state=State.PAST_DUE), name="sub_past_due"),
            models.Index(fields=["id"], condition=~Q(held_why=""), name="sub_held"),
            models.Index(fields=["means"], condition=Q(means__isnull=False), name="sub_by_means"),
            models.Index(
                fields=["first_transaction"],
                condition=Q(first_transaction__isnull=False),
                name="sub_by_first_sale",
            ),
            models.Index(
                fields=["id"],
                condition=Q(renews_by=RenewsBy.GATEWAY, renewal_stopped_at__isnull=True)
                & (Q(cancel_at_end=True) | Q(state=State.ENDED)),
                name="sub_renewal_to_stop",
            ),
            models.Index(
                fields=["stop_due_at", "id"],
                condition=Q(stop_due_at__isnull=False),
                name="sub_stop_due",
            ),
        ]

    def __str__(self) -> str:
        return f"Subscription #{self.pk}, {self.get_state_display().lower()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def source(self) -> str:
        """Names it in entitlements, mails and audit."""
        return f"subscription:{self.pk}"


class PastDue(Subscription):
    """A subscription of which a charge failed: the dunning queue has a list of its own."""

    class Meta:
        proxy = True
        verbose_name = "past due subscription"


class Period(models.Model):
    """A stretch of a subscription: numbered, so that each is billed once, whatever happens."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, db_index=False, db_constraint=False,
        related_name="periods",
    )  # fmt: skip
    number = models.PositiveIntegerField()
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True, help_text="Empty: no end.")
    kind = models.CharField(max_length=6, choices=PeriodKind.choices)
    state = models.CharField(max_length=10, choices=PeriodState.choices)
    amount_minor = models.BigIntegerField(help_text="Asked for it, before tax on top.")
    credit_minor = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="Unused value of the period before that counts as paid (change of plan).",
    )
    currency = models.CharField(max_length=5, blank=True)
    transaction = models.ForeignKey(
        "payments.Transaction",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    at = models.DateTimeField(help_text="When it was opened.")
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "number"], name="period_numbered_once"
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(transaction__isnull=False),
                name="period_one_per_payment",
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")),
                name="period_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, credit_minor__gte=0), name="period_amount_fits"
            ),
            models.CheckConstraint(
                condition=~Q(state=PeriodState.PAID) | Q(paid_at__isnull=False),
                name="period_paid_at_fits",
            ),
            models.CheckConstraint(
                condition=~Q(kind=PeriodKind.PAID, state=PeriodState.PAID)
                | Q(transaction__isnull=False)
                | Q(amount_minor=0),
                name="period_paid_has_payment",
            ),
        ]
        indexes = [
            models.Index(
                fields=["until_at"], condition=Q(kind=PeriodKind.TRIAL), name="period_trial_over"
            )
        ]

    def __str__(self) -> str:
        return f"Period {self.number} of subscription {self.subscription_id}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class SubscriptionEvent(models.Model):
    """One line of a subscription's history: what happened, who did it and why. Append-only."""

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, db_index=False, db_constraint=False,
        related_name="history",
    )  # fmt: skip
    what = models.CharField(max_length=15, choices=What.choices)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, choices=State.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, null=True, blank=True,
        related_name="+", help_text="Empty: the platform itself, or a gateway.",
    )  # fmt: skip
    reason = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict, db_default=_NONE, blank=True)
    # What it was at after this line: figures are made anew from these. Copied from a row whose
    # keys are checked, so not checked again.
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_constraint=False, db_index=False,
        null=True, blank=True, related_name="+",
    )  # fmt: skip
    price = models.ForeignKey(
        "subscriptions.Price", on_delete=models.PROTECT, db_constraint=False, db_index=False,
        null=True, blank=True, related_name="+",
    )  # fmt: skip
    period_number = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["subscription", "id"], name="sub_history")]

    def __str__(self) -> str:
        return f"{self.what} of subscription {self.subscription_id}"
