"""Shapes of the payments API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.payments import choices
from apps.finance.payments.models import Transaction

BUYER_COUNTRY = "ISO 3166: DE, US-CA. Needed where the brand collects tax."


class TipInput(serializers.Serializer[Any]):
    creator = serializers.CharField(max_length=40, help_text="The creator's handle.")
    amount = MoneyField()
    method = serializers.ChoiceField(choices=choices.Method.choices)
    message = serializers.CharField(max_length=280, allow_blank=True, default="")
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)


class DepositInput(serializers.Serializer[Any]):
    amount = MoneyField()


class QuoteInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=choices.Kind.choices)
    method = serializers.ChoiceField(choices=choices.Method.choices)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField(max_length=5, default="USD")
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)


class QuoteOutput(serializers.Serializer[Any]):
    amount = MoneyField(help_text="What the payer pays, tax included.")
    price = MoneyField(help_text="What was asked about, before tax that comes on top.")
    tax = MoneyField()
    platform_fee = MoneyField()
    processing_fee = MoneyField()
    net = MoneyField()


class TransactionOutput(serializers.ModelSerializer[Transaction]):
    id = serializers.UUIDField(source="public_id")
    amount = MoneyField()
    platform_fee = MoneyField()
    processing_fee = MoneyField()
    net = MoneyField()
    tax = MoneyField()
    payer = serializers.CharField(source="payer.handle")
    creator = serializers.CharField(source="payee.handle", default=None, allow_null=True)
    descriptor = serializers.CharField(
        source="merchant_account.descriptor",
        default="",
        help_text="What the card statement shows.",
    )

    class Meta:
        model = Transaction
        fields = [
            "id", "kind", "method", "status", "amount", "platform_fee", "processing_fee", "net",
            "tax", "payer", "creator", "descriptor", "message", "failure_reason",
            "created_at", "captured_at",
        ]  # fmt: skip
        read_only_fields = fields


class NextAction(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["redirect"])
    url = serializers.URLField()


class StartedOutput(serializers.Serializer[Any]):
    transaction = TransactionOutput()
    next_action = NextAction(allow_null=True)


class GatewayHealthOutput(serializers.Serializer[Any]):
    gateway = serializers.CharField()
    configured = serializers.BooleanField()
    active_accounts = serializers.IntegerField()
    last_webhook_age_seconds = serializers.IntegerField(allow_null=True)
    webhooks_waiting = serializers.IntegerField()
