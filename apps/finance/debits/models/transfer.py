"""A deposit the payer sends to our bank, found by its reference."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.debits.choices import TransferState


class Transfer(models.Model):
    """Money we wait for; the payer writes ``reference`` (ISO 11649) as the remittance."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    profile = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    transaction = models.OneToOneField(
        "payments.Transaction", on_delete=models.PROTECT, related_name="+"
    )
    reference = models.CharField(max_length=25, unique=True)
    state = models.CharField(
        max_length=7, choices=TransferState.choices, default=TransferState.WAITING
    )
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="transfer_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(state__in=TransferState.values), name="transfer_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(state=TransferState.WAITING),
                name="transfer_to_expire",
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
