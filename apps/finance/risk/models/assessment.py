"""What was thought of a payment, by which rules; also the memory that velocity counts from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.risk.choices import Outcome, Result, ReviewState


class Assessment(models.Model):
    """One payment assessed. Holds no address and no card: keyed hashes, for 90 days a network.

    ``hits`` are all rules that applied, those in shadow marked; ``score`` and ``outcome`` are of
    the live ones, ``shadow_*`` as if those in shadow were live.
    """

    subject = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    cluster = models.CharField(max_length=30)
    payer_id = models.BigIntegerField()
    card_hash = models.CharField(max_length=64, blank=True)
    ip_hash = models.CharField(max_length=64, blank=True)
    network = models.CharField(max_length=43, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    facts = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    score = models.PositiveSmallIntegerField()
    shadow_outcome = models.CharField(max_length=10, choices=Outcome.choices)
    shadow_score = models.PositiveSmallIntegerField()
    hits = models.JSONField(default=list)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True, default="")
    review = models.CharField(max_length=10, choices=ReviewState.choices, blank=True, default="")
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = "risk assessment"
        permissions = [("review_payment", "Can approve or reject payments that wait for review")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values, shadow_outcome__in=Outcome.values),
                name="risk_outcome_known",
            ),
            models.CheckConstraint(
                condition=Q(review__in=["", ReviewState.WAITING], reviewed_at__isnull=True)
                | Q(
                    review__in=[ReviewState.APPROVED, ReviewState.REJECTED],
                    reviewed_at__isnull=False,
                    reviewed_by__isnull=False,
                ),
                name="risk_reviewed_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["payer_id", "-at"], name="risk_of_payer"),
            models.Index(
                fields=["card_hash", "-at"], condition=~Q(card_hash=""), name="risk_of_card"
            ),
            models.Index(
                fields=["ip_hash", "-at"], condition=~Q(ip_hash=""), name="risk_of_address"
            ),
            models.Index(fields=["at", "id"], name="risk_by_time"),
            models.Index(
                fields=["id"], condition=Q(review=ReviewState.WAITING), name="risk_to_review"
            ),
            models.Index(fields=["outcome", "-id"], name="risk_by_outcome"),
            models.Index(
                fields=["at"],
                condition=~Q(ip_hash="", network=""),
                name="risk_with_address",
            ),
        ]

    def __str__(self) -> str:
        return f"Assessment {self.pk} of {self.subject}"
