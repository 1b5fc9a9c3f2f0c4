"""Payout methods, payouts, who approved them and what happened to them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.core.money import Money
from apps.payouts import choices


class PayoutMethod(TimeStamped):
    """Where a creator wants to be paid. Never changed, never deleted: switched off, added anew."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="payout_methods"
    )
    rail = models.CharField(max_length=20, choices=choices.Rail.choices)
    details = models.JSONField(help_text="In the normal form of rules.clean_details.")
    fingerprint = models.CharField(max_length=64, help_text="The same for the same account.")
    added_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(rail__in=choices.Rail.values), name="payout_method_rail_known"
            ),
            models.UniqueConstraint(
                fields=["profile", "rail", "details"],
                condition=Q(deactivated_at__isnull=True),
                name="payout_method_active_once",
            ),
        ]
        indexes = [
            models.Index(fields=["fingerprint"], name="payout_method_fingerprint"),
        ]

    def __str__(self) -> str:
        return f"{self.get_rail_display()} {self.details['email']}"

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None


class PayoutQuerySet(models.QuerySet["Payout"]):
    def of_creator(self, profile_id: int) -> PayoutQuerySet:
        return self.filter(creator_id=profile_id)

    def open(self) -> PayoutQuerySet:
        return self.filter(status__in=choices.OPEN)


class Payout(TimeStamped):
    """Money owed to a creator, leaving the platform by one rail.

    While it is open (choices.OPEN) the amount is reserved in the ledger. Where it
    goes is copied here when it is requested: a method changed later changes nothing.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    creator = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="payouts"
    )
    method = models.ForeignKey(PayoutMethod, on_delete=models.PROTECT, related_name="payouts")
    rail = models.CharField(max_length=20, choices=choices.Rail.choices)
    destination = models.JSONField(help_text="The method's details on the day of the request.")
    amount_minor = models.BigIntegerField(help_text="Gross, in the currency's smallest unit.")
    currency = models.CharField(max_length=5)
    rail_fee_minor = models.BigIntegerField(default=0, help_text="Borne by the platform.")
    status = models.CharField(
        max_length=20, choices=choices.Status.choices, default=choices.Status.REQUESTED
    )
    needs_attention = models.BooleanField(
        default=False, help_text="No machine touches it until a person has decided."
    )
    idempotency_key = models.CharField(max_length=64)
    requested_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)

    attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Claims; fences late answers."
    )
    claimed_until = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(
        null=True, blank=True, help_text="Set just before the call of the present attempt."
    )
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    unknown_since = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(default=0, help_text="Look-ups since unknown.")
    misses = models.PositiveSmallIntegerField(
        default=0, help_text="Of the looks, those that surely found nothing."
    )
    resends = models.PositiveSmallIntegerField(default=0)

    rail_reference = models.CharField(max_length=40, unique=True, help_text="Ours, at the rail.")
    rail_transaction_id = models.CharField(max_length=64, blank=True)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_message = models.CharField(max_length=255, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    proposal = models.JSONField(
        default=dict, blank=True, help_text="What the first person saw; a second must see it too."
    )

    objects = PayoutQuerySet.as_manager()

    class Meta:
        permissions = [
            ("approve_payout", "Can approve payouts"),
            ("reject_payout", "Can reject payouts"),
            ("settle_payout", "Can settle payouts by hand"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_positive"),
            models.CheckConstraint(condition=Q(rail_fee_minor__gte=0), name="payout_fee_positive"),
            models.CheckConstraint(
                condition=Q(rail__in=choices.Rail.values), name="payout_rail_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=choices.Status.values), name="payout_status_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=choices.LEFT, paid_at__isnull=False, rail_transaction_id__gt=""
                )
                | (
                    ~Q(status__in=choices.LEFT)
                    & Q(paid_at__isnull=True, rail_transaction_id="", rail_fee_minor=0)
                ),
                name="payout_paid_with_proof",
            ),
            models.CheckConstraint(
                condition=Q(status=choices.Status.RETURNED, returned_at__isnull=False)
                | (~Q(status=choices.Status.RETURNED) & Q(returned_at__isnull=True)),
                name="payout_returned_at_with_returned",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by__isnull=True, proposal={})
                | (Q(proposed_by__isnull=False) & ~Q(proposal={})),
                name="payout_proposal_with_its_person",
            ),
            models.CheckConstraint(
                condition=Q(status=choices.Status.SENDING, claimed_until__isnull=False)
                | (
                    ~Q(status=choices.Status.SENDING)
                    & Q(claimed_until__isnull=True, handed_over_at__isnull=True)
                ),
                name="payout_claimed_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(status=choices.Status.UNKNOWN, unknown_since__isnull=False)
                | (~Q(status=choices.Status.UNKNOWN) & Q(unknown_since__isnull=True)),
                name="payout_unknown_since_with_unknown",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[choices.Status.APPROVED, choices.Status.UNKNOWN],
                    next_attempt_at__isnull=False,
                )
                | (
                    ~Q(status__in=[choices.Status.APPROVED, choices.Status.UNKNOWN])
                    & Q(next_attempt_at__isnull=True)
                ),
                name="payout_next_attempt_while_waiting",
            ),
            models.CheckConstraint(
                condition=Q(needs_attention=False)
                | Q(status__in=[choices.Status.APPROVED, choices.Status.UNKNOWN]),
                name="payout_attention_while_waiting",
            ),
            models.UniqueConstraint(
                fields=["creator", "idempotency_key"], name="payout_idempotency_key_unique"
            ),
            models.UniqueConstraint(
                fields=["rail", "rail_transaction_id"],
                condition=Q(rail_transaction_id__gt=""),
                name="payout_transaction_pays_one",
            ),
        ]
        indexes = [
            models.Index(fields=["creator", "-requested_at", "-id"], name="payout_of_creator"),
            models.Index(
                fields=["requested_at", "id"],
                condition=Q(status__in=[choices.Status.REQUESTED, choices.Status.IN_REVIEW]),
                name="payout_to_approve",
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(status=choices.Status.APPROVED, needs_attention=False),
                name="payout_to_send",
            ),
            models.Index(
                fields=["claimed_until", "id"],
                condition=Q(status=choices.Status.SENDING),
                name="payout_claimed",
            ),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(status=choices.Status.UNKNOWN, needs_attention=False),
                name="payout_to_look_up",
            ),
            models.Index(
                fields=["requested_at", "id"],
                condition=Q(needs_attention=True),
                name="payout_for_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"Payout {self.rail_reference} {self.amount} {self.status}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def rail_fee(self) -> Money:
        return Money(self.rail_fee_minor, self.currency)


class PayoutApproval(models.Model):
    """One person's yes."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payout", "by"], name="payout_approval_once_each"),
        ]

    def __str__(self) -> str:
        return f"{self.by} approved {self.payout_id}"


class PayoutEvent(models.Model):
    """One step in the life of a payout; rows are only added."""

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=choices.Status.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=choices.Status.values), name="payout_event_status_known"
            ),
        ]
        indexes = [models.Index(fields=["payout", "id"], name="payout_event_timeline")]

    def __str__(self) -> str:
        return f"{self.payout_id} {self.status} {self.at:%Y-%m-%d %H:%M:%S}"
