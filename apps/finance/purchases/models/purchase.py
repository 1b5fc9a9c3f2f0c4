"""Who bought what, and how it was paid."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.purchases.choices import LIVE, PurchaseState
from apps.finance.purchases.models.item import Item


class Purchase(models.Model):
    """One buyer's purchase of one item. Its state follows its payment's (``services.follow``).

    ``is_second``: the buyer paid, though another purchase of the item was paid as well; this one
    gives nothing, and its money has to go back.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(
        Item, on_delete=models.PROTECT, related_name="purchases", db_index=False
    )
    buyer = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200, help_text="The buyer's name for it.")
    price_minor = models.BigIntegerField(help_text="As the buyer saw it, before tax on top.")
    currency = models.CharField(max_length=5)
    transaction = models.OneToOneField(
        "payments.Transaction", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=9, choices=PurchaseState.choices)
    is_second = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True, help_text="When it was first paid.")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it gives nothing."
    )

    class Meta:
        permissions = [("give_back_purchase", "Can give back what was paid twice")]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "buyer"],
                condition=Q(state__in=sorted(LIVE), is_second=False),
                name="purchase_one_live",
            ),
            models.UniqueConstraint(fields=["buyer", "key"], name="purchase_once_by_key"),
            models.CheckConstraint(
                condition=Q(state__in=PurchaseState.values), name="purchase_state_known"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="purchase_has_price"),
            models.CheckConstraint(
                condition=~Q(state=PurchaseState.PAID)
                | Q(paid_at__isnull=False, transaction__isnull=False),
                name="purchase_paid_by_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["item", "buyer", "id"], name="purchase_of_buyer_item"),
            models.Index(fields=["buyer", "-id"], name="purchase_of_buyer"),
            models.Index(fields=["item", "state", "id"], name="purchase_of_item"),
            models.Index(
                fields=["id"],
                condition=Q(is_second=True, state=PurchaseState.PAID),
                name="purchase_paid_twice",
            ),
            models.Index(
                fields=["created_at", "id"],
                condition=Q(state=PurchaseState.PENDING),
                name="purchase_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"Purchase {self.pk}"

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def source(self) -> str:
        """What grants the right to see."""
        return f"purchase:{self.pk}"
