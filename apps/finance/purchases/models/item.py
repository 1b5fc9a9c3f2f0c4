"""What creators sell one by one, and what it cost when."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.models import TimeStamped
from apps.core.money import Money
from apps.finance.purchases.choices import Audience, ItemKind, ItemStatus


class Item(TimeStamped):
    """A thing for sale by one creator on one brand. Archived, its buyers keep it.

    ``ref`` is the name that the app which keeps the thing itself gives it ("content:9"); until
    there is one, the item's own name stands for it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=7, choices=ItemKind.choices)
    creator = models.ForeignKey("accounts.Profile", on_delete=models.PROTECT, related_name="+")
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120)
    price_minor = models.BigIntegerField(help_text="Before tax that comes on top.")
    currency = models.CharField(max_length=5)
    least_tier = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="The lowest tier that includes it; empty: no plan does."
    )
    audience = models.CharField(max_length=11, choices=Audience.choices, default=Audience.EVERYONE)
    recipient = models.ForeignKey(
        "accounts.Profile", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ref = models.CharField(max_length=80, blank=True)
    status = models.CharField(max_length=8, choices=ItemStatus.choices, default=ItemStatus.ACTIVE)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("archive_item", "Can take things off sale")]
        constraints = [
            models.UniqueConstraint(
                fields=["ref"], condition=~Q(ref=""), name="item_ref_sold_once"
            ),
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="item_has_price"),
            models.CheckConstraint(
                condition=Q(kind=ItemKind.CONTENT, audience=Audience.EVERYONE)
                | (Q(kind=ItemKind.MESSAGE) & ~Q(audience=Audience.EVERYONE)),
                name="item_audience_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(audience=Audience.ONE, recipient__isnull=False)
                | (~Q(audience=Audience.ONE) & Q(recipient__isnull=True)),
                name="item_recipient_fits_audience",
            ),
            models.CheckConstraint(
                condition=Q(status=ItemStatus.ACTIVE, archived_at__isnull=True)
                | Q(status=ItemStatus.ARCHIVED, archived_at__isnull=False),
                name="item_archived_since",
            ),
        ]
        indexes = [
            models.Index(fields=["creator", "status", "-id"], name="item_of_creator"),
            models.Index(fields=["cluster", "-id"], name="item_of_brand"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)

    @property
    def thing(self) -> str:
        """The name under which rights to it are granted."""
        return self.ref or f"item:{self.pk}"


class ItemPrice(models.Model):
    """What an item cost from a moment on; written once."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="prices")
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    since = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gt=0), name="item_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.price} since {self.since:%Y-%m-%d}"

    @property
    def price(self) -> Money:
        return Money(self.price_minor, self.currency)
