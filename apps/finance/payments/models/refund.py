"""Money that goes back to a payer, and the policy by which it does."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.core.money import Money
from apps.finance.ledger.choices import Bearer
from apps.finance.payments.rules.refunds import (
    IN_FLIGHT,
    Destination,
    Origin,
    Policy,
    RefundReason,
    RefundState,
)


class RefundPolicy(TimeStamped):
    """Who pays what when money goes back, from a moment on. A row is never edited.

    The brand's own row wins over the one for all brands; among equals the latest wins. Without
    any, ``rules.refunds.DEFAULT`` holds.
    """

    cluster = models.ForeignKey(
        "clusters.Cluster",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: every brand without a row of its own.",
    )
    currency = models.CharField(max_length=5)
    platform_fee_returned = models.BooleanField(default=True)
    processing_fee_returned = models.BooleanField(default=False)
    kept_fees_borne_by = models.CharField(
        max_length=10, choices=Bearer.choices, default=Bearer.CREATOR
    )
    loss_borne_by = models.CharField(max_length=10, choices=Bearer.choices, default=Bearer.CREATOR)
    chargeback_fee_minor = models.PositiveIntegerField(default=0)
    chargeback_fee_borne_by = models.CharField(
        max_length=10, choices=Bearer.choices, default=Bearer.PLATFORM
    )
    hold_share = models.BooleanField(default=True)
    four_eyes_from_minor = models.PositiveBigIntegerField(default=0)
    refund_alerts_to_minor = models.PositiveBigIntegerField(default=0)
    effective_from = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name_plural = "refund policies"
        permissions = [("set_refund_policy", "Can set who pays for refunds and chargebacks")]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "currency", "effective_from"],
                nulls_distinct=False,
                name="refund_policy_one_per_moment",
            ),
            models.CheckConstraint(
                condition=Q(
                    kept_fees_borne_by__in=Bearer.values,
                    loss_borne_by__in=Bearer.values,
                    chargeback_fee_borne_by__in=Bearer.values,
                ),
                name="refund_policy_bearers_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} from {self.effective_from:%Y-%m-%d}"

    @property
    def policy(self) -> Policy:
        return Policy(
            platform_fee_returned=self.platform_fee_returned,
            processing_fee_returned=self.processing_fee_returned,
            kept_fees_borne_by=Bearer(self.kept_fees_borne_by),
            loss_borne_by=Bearer(self.loss_borne_by),
            chargeback_fee_minor=self.chargeback_fee_minor,
            chargeback_fee_borne_by=Bearer(self.chargeback_fee_borne_by),
            hold_share=self.hold_share,
            four_eyes_from_minor=self.four_eyes_from_minor,
            refund_alerts_to_minor=self.refund_alerts_to_minor,
        )


class Refund(models.Model):
    """Money on its way back, or gone back. All live ones of a payment are never more than it.

    ``state`` is changed only by ``services.refund_moves``; every change leaves a RefundEvent.
    ``key`` names it towards whoever asked, ``public_id`` towards the gateway.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    transaction = models.ForeignKey(
        "payments.Transaction", on_delete=models.PROTECT, related_name="refunds"
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    destination = models.CharField(max_length=10, choices=Destination.choices)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    reason_code = models.CharField(max_length=20, choices=RefundReason.choices)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=10, choices=RefundState.choices)
    key = models.CharField(max_length=200)
    platform_fee_returned = models.BooleanField()
    processing_fee_returned = models.BooleanField()
    kept_fees_borne_by = models.CharField(max_length=10, choices=Bearer.choices)
    part = models.JSONField(
        default=dict, blank=True, help_text="Who gave which part, once it is booked."
    )
    entry_source = models.CharField(
        max_length=120, blank=True, help_text="The journal entry that booked it."
    )
    bookings = models.PositiveSmallIntegerField(
        default=0, help_text="More than one when it bounced and went back after all."
    )
    hold_id = models.BigIntegerField(
        null=True, blank=True, help_text="The hold on the wallet of a deposit that goes back."
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who asked for it; empty: the gateway, or a rule.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    gateway_reference = models.CharField(
        max_length=120, blank=True, help_text="The gateway's name for the refund."
    )
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway's own notice said so."
    )
    sealed_claim = models.TextField(
        blank=True, default="", db_default="", help_text="Where its payer claims it, encrypted."
    )
    sent = models.JSONField(default=dict, blank=True)
    received = models.JSONField(default=dict, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_reason = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(
        null=True, blank=True, help_text="When the call to the gateway began."
    )
    needs_attention = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [
            ("refund_transaction", "Can ask for refunds"),
            ("approve_refund", "Can decide about refunds of others, and settle unknown ones"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_positive"),
            models.CheckConstraint(
                condition=Q(state__in=RefundState.values), name="refund_state_known"
            ),
            models.CheckConstraint(
                condition=Q(destination__in=Destination.values, origin__in=Origin.values),
                name="refund_words_known",
            ),
            models.CheckConstraint(
                condition=(Q(state=RefundState.DONE) & Q(entry_source__gt=""))
                | (~Q(state=RefundState.DONE) & Q(entry_source="")),
                name="refund_done_is_booked",
            ),
            models.UniqueConstraint(fields=["transaction", "key"], name="refund_key_unique"),
            models.UniqueConstraint(
                fields=["transaction", "gateway_reference"],
                condition=~Q(gateway_reference=""),
                name="refund_once_per_reference",
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state__in=sorted(IN_FLIGHT)) & ~Q(origin=Origin.GATEWAY),
                name="refund_one_in_flight",
            ),
        ]
        indexes = [
            models.Index(fields=["transaction", "id"], name="refund_of_txn"),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["APPROVED", "PENDING", "UNKNOWN"]),
                name="refund_due",
            ),
            models.Index(
                fields=["claimed_until", "id"],
                condition=Q(state="SENDING"),
                name="refund_claimed",
            ),
            models.Index(
                fields=["id"], condition=Q(state=RefundState.REQUESTED), name="refund_to_approve"
            ),
            models.Index(
                fields=["id"], condition=Q(needs_attention=True), name="refund_for_a_person"
            ),
            models.Index(fields=["-created_at", "-id"], name="refund_newest"),
        ]

    def __str__(self) -> str:
        return f"Refund #{self.pk} of {self.amount.formatted}, {self.get_state_display().lower()}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class RefundEvent(models.Model):
    """One line of a refund's history; both states are equal for a mere note."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="history")
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10, choices=RefundState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=500)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["refund", "id"], name="refund_history")]

    def __str__(self) -> str:
        return f"{self.from_state} > {self.to_state}: {self.reason}"


class Recovery(models.Model):
    """Later earnings paid a part of what a creator owes: journal source ``recovery:<id>``."""

    creator = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "recoveries"
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="recovery_positive")
        ]
        indexes = [models.Index(fields=["creator", "-id"], name="recovery_of_creator")]

    def __str__(self) -> str:
        return f"Recovery #{self.pk} {self.amount}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
