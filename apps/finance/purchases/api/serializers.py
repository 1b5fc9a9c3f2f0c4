"""Shapes of the API of items, purchases and goals."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.entitlements.choices import Why
from apps.finance.payments.api.serializers import (
    BUYER_COUNTRY,
    NextAction,
    PayByInput,
    TransactionOutput,
)
from apps.finance.payments.choices import Method
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.purchases.models import Goal, Item, Purchase


class NewItemInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ItemKind.choices)
    title = serializers.CharField(max_length=500)
    price = MoneyField(help_text="Before tax that comes on top.")
    least_tier = serializers.IntegerField(
        min_value=0,
        max_value=32_767,
        default=None,
        allow_null=True,
        help_text="The lowest tier of your plans that includes it; null: none does.",
    )
    audience = serializers.ChoiceField(choices=Audience.choices, default=Audience.EVERYONE.value)
    recipient = serializers.CharField(
        max_length=40, default="", allow_blank=True, help_text="Handle, for a message to one."
    )


class PriceInput(serializers.Serializer[Any]):
    price = MoneyField()


class ItemOutput(serializers.ModelSerializer[Item]):
    id = serializers.UUIDField(source="public_id")
    creator = serializers.CharField(source="creator.handle")
    price = MoneyField()

    class Meta:
        model = Item
        fields = ["id", "kind", "title", "creator", "price", "least_tier", "audience", "status"]
        read_only_fields = fields


class OwnItemOutput(ItemOutput):
    recipient = serializers.CharField(source="recipient.handle", default=None, allow_null=True)

    class Meta(ItemOutput.Meta):
        fields = [*ItemOutput.Meta.fields, "recipient", "created_at", "archived_at"]
        read_only_fields = fields


class AccessOutput(serializers.Serializer[Any]):
    allowed = serializers.BooleanField()
    why = serializers.ChoiceField(choices=Why.choices)
    until = serializers.DateTimeField(allow_null=True)


class ItemForOutput(serializers.Serializer[Any]):
    item = ItemOutput()
    access = AccessOutput()


class BuyInput(PayByInput):
    item = serializers.UUIDField()
    price_seen = MoneyField(help_text="The item's price as it was shown to the buyer.")
    method = serializers.ChoiceField(choices=Method.choices)
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)


class PurchaseOutput(serializers.ModelSerializer[Purchase]):
    id = serializers.UUIDField(source="public_id")
    item = ItemOutput()
    price = MoneyField()
    transaction = serializers.UUIDField(
        source="transaction.public_id", default=None, allow_null=True
    )

    class Meta:
        model = Purchase
        fields = ["id", "item", "price", "state", "transaction", "created_at", "paid_at"]
        read_only_fields = fields


class BegunOutput(serializers.Serializer[Any]):
    purchase = PurchaseOutput()
    transaction = TransactionOutput()
    next_action = NextAction(allow_null=True)


class NewGoalInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=500)
    target = MoneyField()


class GoalOutput(serializers.ModelSerializer[Goal]):
    id = serializers.UUIDField(source="public_id")
    creator = serializers.CharField(source="creator.handle")
    target = MoneyField()
    raised = MoneyField()

    class Meta:
        model = Goal
        fields = [
            "id", "title", "creator", "target", "raised", "percent", "state", "created_at",
            "reached_at", "closed_at",
        ]  # fmt: skip
        read_only_fields = fields


class GoalTipInput(PayByInput):
    amount = MoneyField()
    method = serializers.ChoiceField(choices=Method.choices)
    message = serializers.CharField(max_length=280, allow_blank=True, default="")
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)
