"""The shape of payouts on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.payouts import choices
from apps.payouts.models import Payout, PayoutMethod


class PayoutRequestInput(serializers.Serializer[Any]):
    method = serializers.UUIDField(help_text="The id of one of your payout methods.")
    amount = MoneyField()


class PayoutMethodInput(serializers.Serializer[Any]):
    rail = serializers.ChoiceField(choices=choices.Rail.choices)
    details = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=254),
        help_text="PAXUM: email, and first_name with last_name, or business_name.",
    )


class PayoutMethodOutput(serializers.ModelSerializer[PayoutMethod]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    details = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = PayoutMethod
        fields = ["id", "rail", "details", "added_at"]


class PayoutOutput(serializers.ModelSerializer[Payout]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    method = serializers.UUIDField(source="method.public_id", read_only=True)
    amount = MoneyField(read_only=True)
    reference = serializers.CharField(source="rail_reference", read_only=True)

    class Meta:
        model = Payout
        fields = [
            "id",
            "method",
            "rail",
            "amount",
            "status",
            "reference",
            "failure_code",
            "requested_at",
            "paid_at",
            "returned_at",
        ]


class PayoutBalanceOutput(serializers.Serializer[Any]):
    available = MoneyField(read_only=True)
    pending = MoneyField(read_only=True)
    minimum = MoneyField(read_only=True)
    currency = serializers.CharField(read_only=True)
