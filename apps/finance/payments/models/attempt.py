"""One try to be paid, at one account of ours."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.payments.choices import AttemptKind, AttemptStatus, Gateway
from apps.finance.payments.models.transaction import REFERENCE_LENGTH


class Attempt(models.Model):
    """Written before anything is sent, so that whatever happens somebody knows to ask.

    ``key`` names the try to the gateway: sent again it must not charge again. What is kept of
    the exchange has neither secrets nor card data.
    """

    transaction = models.ForeignKey(
        "payments.Transaction", on_delete=models.PROTECT, related_name="attempts"
    )
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within its payment.")
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    kind = models.CharField(max_length=10, choices=AttemptKind.choices)
    payment_method = models.ForeignKey(
        "payments.PaymentMethod",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    status = models.CharField(
        max_length=10, choices=AttemptStatus.choices, default=AttemptStatus.CREATED
    )
    key = models.CharField(max_length=60, unique=True)
    reference = models.CharField(
        max_length=REFERENCE_LENGTH, blank=True, help_text="The gateway's name for the sale."
    )
    checkout = models.JSONField(
        default=dict, blank=True, help_text="Where the payer goes on, as it was answered."
    )
    sent = models.JSONField(default=dict, blank=True)
    received = models.JSONField(default=dict, blank=True)
    code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    keep = models.BooleanField(default=False, help_text="The payer wants the means kept.")
    kept = models.ForeignKey(
        "payments.PaymentMethod",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
        help_text="What the gateway stored of it then.",
    )
    started_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(
        null=True, blank=True, help_text="When its charge began to be sent: it is sent once."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transaction", "number"], name="attempt_number"),
            models.CheckConstraint(
                condition=Q(status__in=AttemptStatus.values), name="attempt_status_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=AttemptKind.values), name="attempt_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=AttemptKind.STORED, payment_method__isnull=False)
                | (~Q(kind=AttemptKind.STORED) & Q(payment_method__isnull=True)),
                name="attempt_stored_names_means",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_account", "-started_at", "-id"], name="attempt_of_account"
            ),
            models.Index(
                fields=["gateway", "reference"],
                condition=~Q(reference=""),
                name="attempt_by_reference",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} at {self.gateway}: {self.status}"
