"""A means of payment that a gateway keeps for a payer."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from apps.finance.payments.choices import Gateway


class PaymentMethod(models.Model):
    """What a payer paid with and may pay with again. No card number is ever here.

    ``sealed_token`` is the gateway's name for it, encrypted: with our secrets it could be charged.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    sealed_token = models.TextField()
    token_digest = models.CharField(max_length=64)
    brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    expires = models.CharField(max_length=7, blank=True, help_text="YYYY-MM")
    country = models.CharField(max_length=2, blank=True)
    bin = models.CharField(max_length=8, blank=True)
    fingerprint = models.CharField(
        max_length=80, blank=True, help_text="The gateway's name for the card itself."
    )
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "merchant_account", "token_digest"],
                condition=Q(removed_at__isnull=True),
                name="means_kept_once",
            ),
            models.UniqueConstraint(
                fields=["profile"],
                condition=Q(removed_at__isnull=True, is_default=True),
                name="means_one_default",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(sealed_token="", is_default=False),
                name="means_removed_is_forgotten",
            ),
            models.CheckConstraint(
                condition=Q(last4="") | Q(last4__regex=r"^[0-9]{4}$"), name="means_last4_is_four"
            ),
        ]
        indexes = [
            models.Index(fields=["profile", "-id"], name="means_of_profile"),
            models.Index(
                fields=["expires", "id"],
                condition=Q(removed_at__isnull=True) & ~Q(expires=""),
                name="means_by_end",
            ),
            models.Index(
                fields=["last4", "profile"], condition=~Q(last4=""), name="means_by_last4"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand or self.gateway} …{self.last4}"
