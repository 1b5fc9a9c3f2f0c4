"""Banks take money back: cases, what was said of them, and the proofs we send."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.payments.choices import Gateway
from apps.finance.payments.rules.disputes import WAITS_FOR_US, Stage, Word


class Dispute(models.Model):
    """A case at a bank about one payment. ``stage`` is what all its news together mean.

    Only ``services.dispute_books`` changes the stage; every word of it is a DisputeEvent.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    transaction = models.ForeignKey(
        "payments.Transaction", on_delete=models.PROTECT, related_name="disputes"
    )
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    reference = models.CharField(max_length=120, help_text="The gateway's name for the case.")
    stage = models.CharField(max_length=12, choices=Stage.choices)
    amount_minor = models.BigIntegerField(help_text="What the bank wants, or took.")
    currency = models.CharField(max_length=5)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="Until when we must have answered."
    )
    reminded = models.PositiveSmallIntegerField(
        default=0, help_text="Reminders given of this deadline; the third: it was missed."
    )
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    needs_attention = models.BooleanField(default=False)
    attention = models.CharField(max_length=200, blank=True)

    class Meta:
        permissions = [("manage_dispute", "Can answer, accept and close disputes")]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "reference"], name="dispute_once"),
            models.CheckConstraint(
                condition=Q(stage__in=Stage.values), name="dispute_stage_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_positive"),
            models.CheckConstraint(condition=~Q(reference=""), name="dispute_named"),
        ]
        indexes = [
            models.Index(fields=["transaction", "id"], name="dispute_of_txn"),
            models.Index(
                fields=["due_at", "id"],
                condition=Q(stage__in=sorted(WAITS_FOR_US)),
                name="dispute_by_deadline",
            ),
            models.Index(
                fields=["id"], condition=Q(needs_attention=True), name="dispute_for_a_person"
            ),
            models.Index(fields=["-opened_at", "-id"], name="dispute_newest"),
        ]

    def __str__(self) -> str:
        stage = self.get_stage_display().lower()
        return f"Dispute {self.reference} of {self.amount.formatted}, {stage}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class DisputeRound(models.Model):
    """The bank took the money once: the ``chargeback`` of the journal's sources.

    ``covered_minor`` is the part of it that is still a part of the sale; what goes beyond was
    refunded before, and is the platform's loss if the bank keeps it.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()
    covered_minor = models.BigIntegerField(default=0)
    decision = models.CharField(max_length=4, blank=True, help_text="WON or LOST, as booked.")
    part = models.JSONField(default=dict, blank=True, help_text="Who bore which part of a loss.")
    losses = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="How often a loss was booked: again when another refund went back or bounced.",
    )
    fee_minor = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute", "number"], name="dispute_round_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, covered_minor__gte=0, fee_minor__gte=0)
                & Q(covered_minor__lte=models.F("amount_minor")),
                name="dispute_round_amounts_fit",
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["", "WON", "LOST"]), name="dispute_round_decision_known"
            ),
            models.CheckConstraint(
                condition=~Q(decision="WON") | Q(covered_minor=0),
                name="dispute_round_won_gives_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id}.{self.number} {self.decision or 'open'}"


class DisputeEvent(models.Model):
    """One word about a case: by the gateway, or by staff. The stage is read from all of them."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="history")
    word = models.CharField(max_length=10, choices=Word.choices)
    happened_at = models.DateTimeField(null=True, blank=True, help_text="As the gateway says.")
    recorded_at = models.DateTimeField()
    again = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, help_text="After it.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=500, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [models.Index(fields=["dispute", "id"], name="dispute_history")]

    def __str__(self) -> str:
        return f"{self.word} > {self.stage}"


class Reserve(models.Model):
    """A creator's share kept back while a bank decides: journal source ``reserve:<id>``."""

    round = models.OneToOneField(DisputeRound, on_delete=models.PROTECT, related_name="reserve")
    creator = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    held_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reserve_positive")
        ]
        indexes = [
            models.Index(
                fields=["creator"], condition=Q(released_at__isnull=True), name="reserve_open"
            )
        ]

    def __str__(self) -> str:
        return f"Reserve #{self.pk} {self.amount}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class FraudReport(models.Model):
    """The issuer says that a payment was fraud (Visa TC40, Mastercard SAFE). Nothing moves."""

    transaction = models.ForeignKey(
        "payments.Transaction", on_delete=models.PROTECT, related_name="fraud_reports"
    )
    reference = models.CharField(max_length=120)
    code = models.CharField(max_length=40, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    reported_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transaction", "reference"], name="fraud_report_once")
        ]
        indexes = [models.Index(fields=["reported_at", "id"], name="fraud_report_by_day")]

    def __str__(self) -> str:
        return f"Fraud report {self.reference}"


class EvidencePack(models.Model):
    """What we know of a payment, as a PDF made for its dispute. Written once."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="packs")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    contents = models.JSONField(default=list, help_text="The titles of its sections.")
    statement = models.TextField(blank=True, help_text="What staff wrote in it.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["dispute", "-id"], name="evidence_of_dispute")]

    def __str__(self) -> str:
        return f"Evidence #{self.pk} of dispute {self.dispute_id}"
