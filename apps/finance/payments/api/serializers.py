"""Shapes of the payments API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.payments import choices
from apps.finance.payments.models import PaymentMethod, Transaction

#: A wallet does not fill itself.
DEPOSIT_METHODS = [pair for pair in choices.Method.choices if pair[0] != choices.Method.WALLET]
BUYER_COUNTRY = "ISO 3166: DE, US-CA. Needed where the brand collects tax."


class PayByInput(serializers.Serializer[Any]):
    """How to pay at a gateway."""

    checkout = serializers.ChoiceField(
        choices=["HOSTED", "FIELDS"],
        default="HOSTED",
        help_text="The gateway's own page, or its fields in yours.",
    )
    payment_method = serializers.UUIDField(
        default=None, allow_null=True, help_text="A stored means, charged at once."
    )
    keep = serializers.BooleanField(
        default=False, help_text="The payer agreed that the gateway keeps the means."
    )


class TipInput(PayByInput):
    creator = serializers.CharField(max_length=40, help_text="The creator's handle.")
    amount = MoneyField()
    method = serializers.ChoiceField(choices=choices.Method.choices)
    message = serializers.CharField(max_length=280, allow_blank=True, default="")
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)


class DepositInput(PayByInput):
    amount = MoneyField()
    method = serializers.ChoiceField(choices=DEPOSIT_METHODS, default=choices.Method.CARD.value)


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
    refunded = MoneyField()
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
            "tax", "payer", "creator", "subject", "occasion", "descriptor", "message",
            "failure_reason", "refunded", "created_at", "captured_at",
        ]  # fmt: skip
        read_only_fields = fields


class NextAction(serializers.Serializer[Any]):
    """``redirect``: send the browser to ``url``. ``fields``: give ``fields`` to the gateway's
    own script, and its one-time token to ``charge/``."""

    type = serializers.ChoiceField(choices=["redirect", "fields"])
    url = serializers.CharField(allow_blank=True)
    gateway = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


class OneTimeInput(serializers.Serializer[Any]):
    """What the gateway's script gave the browser. A card number is refused, whatever its name."""

    token = serializers.CharField(max_length=4000, trim_whitespace=False)
    wallet = serializers.ChoiceField(
        choices=["applepay", "googlepay"], default="", allow_blank=True
    )


class PaymentMethodOutput(serializers.ModelSerializer[PaymentMethod]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = PaymentMethod
        fields = ["id", "gateway", "brand", "last4", "expires", "is_default", "created_at"]
        read_only_fields = fields


class ReceiptOutput(serializers.Serializer[Any]):
    reference = serializers.UUIDField()
    status = serializers.CharField()
    amount = MoneyField()
    descriptor = serializers.CharField(help_text="What the card statement shows.")
    creator = serializers.CharField()
    when = serializers.DateTimeField()
    failure_reason = serializers.CharField()


class StartedOutput(serializers.Serializer[Any]):
    transaction = TransactionOutput()
    next_action = NextAction(allow_null=True)


class GatewayHealthOutput(serializers.Serializer[Any]):
    gateway = serializers.CharField()
    configured = serializers.BooleanField()
    active_accounts = serializers.IntegerField()
    last_webhook_age_seconds = serializers.IntegerField(allow_null=True)
    webhooks_waiting = serializers.IntegerField()
