"""Shapes of the API of bank payments. An account comes in whole, and goes out as four digits."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.debits.choices import AccountKind, Scheme
from apps.finance.debits.models import Debit, Mandate, Transfer
from apps.finance.debits.rules.codes import meaning_of
from apps.finance.debits.selectors import where_to_send


class BankWayOutput(serializers.Serializer[Any]):
    """``words`` must be shown whole; ``words_version`` goes back with the agreement."""

    kind = serializers.ChoiceField(choices=["ACH", "SEPA", "WIRE"])
    least = MoneyField()
    most = MoneyField()
    creditor = serializers.CharField()
    creditor_id = serializers.CharField()
    notice_days = serializers.IntegerField(help_text="Days between notice and debit.")
    words = serializers.CharField(source="words.text", default="")
    words_version = serializers.CharField(source="words.version", default="")


class MandateInput(serializers.Serializer[Any]):
    """``agreed`` says that the payer read the words of this version, and agreed to them."""

    scheme = serializers.ChoiceField(choices=Scheme.choices)
    holder = serializers.CharField(max_length=70)
    iban = serializers.CharField(max_length=42, default="", help_text="SEPA.")
    routing = serializers.CharField(max_length=9, default="", help_text="ACH: nine digits.")
    account = serializers.CharField(max_length=20, default="", help_text="ACH.")
    account_kind = serializers.ChoiceField(choices=AccountKind.choices, default="CHECKING")
    words_version = serializers.CharField(max_length=40)
    agreed = serializers.BooleanField()

    def validate_agreed(self, value: bool) -> bool:  # noqa: FBT001 - the framework's form
        if not value:
            raise serializers.ValidationError("Agree to the words first.")
        return value


class MandateOutput(serializers.ModelSerializer[Mandate]):
    id = serializers.UUIDField(source="public_id")
    words = serializers.CharField(source="proof", help_text="What was agreed to.")

    class Meta:
        model = Mandate
        fields = [
            "id", "scheme", "state", "reference", "holder", "last4", "bank", "account_kind",
            "words", "signed_at", "usable_from", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields


class DebitInput(serializers.Serializer[Any]):
    mandate = serializers.UUIDField()
    amount = MoneyField()


class DebitOutput(serializers.ModelSerializer[Debit]):
    id = serializers.UUIDField(source="public_id")
    transaction = serializers.UUIDField(source="transaction.public_id")
    mandate = serializers.UUIDField(source="mandate.public_id")
    amount = MoneyField()
    reason = serializers.SerializerMethodField(help_text="Why the bank returned it.")

    class Meta:
        model = Debit
        fields = [
            "id", "transaction", "mandate", "scheme", "state", "amount", "collect_on",
            "hold_until", "return_code", "reason", "retries", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_reason(self, row: Debit) -> str:
        return meaning_of(row.return_code) if row.return_code else ""


class TransferInput(serializers.Serializer[Any]):
    amount = MoneyField()


class TransferOutput(serializers.ModelSerializer[Transfer]):
    """``send_to``: holder, IBAN and BIC of our account; write ``reference`` into the transfer."""

    id = serializers.UUIDField(source="public_id")
    transaction = serializers.UUIDField(source="transaction.public_id")
    amount = MoneyField()
    send_to = serializers.SerializerMethodField()

    class Meta:
        model = Transfer
        fields = [
            "id", "transaction", "reference", "state", "amount", "send_to", "created_at",
            "expires_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_send_to(self, row: Transfer) -> dict[str, str]:
        return where_to_send(row)
