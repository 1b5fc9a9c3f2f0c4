"""Lower prices for a while: promotions, who took them, and who had a trial."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from apps.finance.subscriptions.choices import Audience, Discount, GiftState, PromotionStatus


class Promotion(models.Model):
    """Percent or amount off the first ``periods`` periods (0: off all of them)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True, related_name="+",
        help_text="Empty: all plans of the creator.",
    )  # fmt: skip
    name = models.CharField(max_length=60)
    code = models.CharField(
        max_length=30, blank=True, help_text="Empty: open to all who may have it, without a code."
    )
    discount = models.CharField(max_length=10, choices=Discount.choices)
    percent_bps = models.PositiveIntegerField(default=0, help_text="100 % is 10,000.")
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=5, blank=True)
    periods = models.PositiveSmallIntegerField(default=1, help_text="0: all periods.")
    months = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Only for prices of so many months; empty: any."
    )
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.ALL)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    most = models.PositiveIntegerField(null=True, blank=True, help_text="Redemptions in all.")
    redeemed = models.PositiveIntegerField(default=0)
    status = models.CharField(
        max_length=10, choices=PromotionStatus.choices, default=PromotionStatus.ACTIVE
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    discount=Discount.PERCENT,
                    percent_bps__gt=0,
                    percent_bps__lte=10_000,
                    amount_minor=0,
                    currency="",
                )
                | Q(discount=Discount.AMOUNT, amount_minor__gt=0, currency__gt="", percent_bps=0),
                name="promotion_discount_fits",
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="promotion_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(most__isnull=True) | Q(redeemed__lte=F("most")),
                name="promotion_not_over_its_limit",
            ),
            models.UniqueConstraint(
                "cluster",
                "creator",
                Upper("code"),
                condition=Q(status=PromotionStatus.ACTIVE) & ~Q(code=""),
                name="promotion_code_unique",
            ),
        ]
        indexes = [models.Index(fields=["creator", "-id"], name="promotion_of_creator")]

    def __str__(self) -> str:
        return f"{self.name} (#{self.pk})"


class Redemption(models.Model):
    """A person took a promotion: once."""

    promotion = models.ForeignKey(
        Promotion, on_delete=models.PROTECT, db_index=False, related_name="redemptions"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    at = models.DateTimeField()
    released_at = models.DateTimeField(
        null=True, blank=True, help_text="Never paid for: it may be taken again."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "user"],
                condition=Q(released_at__isnull=True),
                name="redemption_once_per_person",
            )
        ]

    def __str__(self) -> str:
        return f"promotion {self.promotion_id} by {self.user_id}"


class TrialUse(models.Model):
    """A person, or a card, had a trial with a creator: once, whoever asks again."""

    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    fingerprint = models.CharField(max_length=80, blank=True)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["creator", "user"], name="trial_once_per_person"),
            models.UniqueConstraint(
                fields=["creator", "fingerprint"],
                condition=~Q(fingerprint=""),
                name="trial_once_per_card",
            ),
        ]

    def __str__(self) -> str:
        return f"trial with {self.creator_id} by {self.user_id}"


class Gift(models.Model):
    """A fan pays some months for another. It does not renew."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    giver = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    taker = models.ForeignKey(
        "accounts.Profile",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    cluster = models.ForeignKey(
        "clusters.Cluster", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    plan = models.ForeignKey(
        "subscriptions.Plan", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    price = models.ForeignKey(
        "subscriptions.Price", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    code = models.CharField(max_length=40, unique=True, help_text="Who knows it may take it.")
    message = models.CharField(max_length=280, blank=True)
    state = models.CharField(
        max_length=10, choices=GiftState.choices, default=GiftState.INCOMPLETE
    )
    transaction = models.ForeignKey(
        "payments.Transaction",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, db_index=False,
        null=True, blank=True,
        related_name="+",
    )  # fmt: skip
    idempotency_key = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    return_due_at = models.DateTimeField(
        null=True, blank=True, help_text="It could not go back; then that is tried again."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["giver", "idempotency_key"], name="gift_idempotency_key_unique"
            ),
            models.CheckConstraint(
                condition=Q(state=GiftState.TAKEN, subscription__isnull=False)
                | ~Q(state=GiftState.TAKEN),
                name="gift_taken_has_subscription",
            ),
        ]
        indexes = [
            models.Index(fields=["giver", "-id"], name="gift_of_giver"),
            models.Index(
                fields=["taker", "-id"], condition=Q(taker__isnull=False), name="gift_of_taker"
            ),
            models.Index(
                fields=["created_at"], condition=Q(state=GiftState.PAID), name="gift_to_return"
            ),
        ]

    def __str__(self) -> str:
        return f"Gift #{self.pk}"
