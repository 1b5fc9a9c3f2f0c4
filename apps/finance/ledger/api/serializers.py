"""Shapes of the books."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.ledger.choices import AccountType, EntryKind, Side


class LineOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    account = serializers.IntegerField(source="account_id")
    code = serializers.CharField()
    owner = serializers.CharField()
    amount = MoneyField(help_text="Debit positive, credit negative.")


class EntryOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    source = serializers.CharField(  # type: ignore[assignment]  # a field of that name
        help_text="The event, once for ever."
    )
    brand = serializers.CharField(source="cluster", help_text="Empty: of no brand.")
    effective_on = serializers.DateField(help_text="The accounting date.")
    posted_at = serializers.DateTimeField()
    reverses = serializers.IntegerField(source="reverses_id", allow_null=True)
    memo = serializers.CharField()
    lines = LineOutput(many=True)


class EntryPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    results = EntryOutput(many=True)


class AccountOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    owner = serializers.CharField(help_text="profile:17, or empty for the platform's own.")
    currency = serializers.CharField()
    type = serializers.ChoiceField(choices=AccountType.choices)
    normal_side = serializers.ChoiceField(choices=Side.choices)
    balance = MoneyField(help_text="Posted, positive on the normal side.")
    held = MoneyField(help_text="Promised, not yet posted.")
    is_frozen = serializers.BooleanField()
    closed_at = serializers.DateTimeField(allow_null=True)


class AccountPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    results = AccountOutput(many=True)


class StatementLineOutput(serializers.Serializer[Any]):
    entry = serializers.IntegerField(source="entry_id")
    number = serializers.CharField()
    n = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    brand = serializers.CharField(source="cluster")
    memo = serializers.CharField()
    effective_on = serializers.DateField()
    posted_at = serializers.DateTimeField()
    amount = MoneyField(help_text="Positive where it raises the balance.")
    balance = MoneyField(help_text="What the line left.")


class StatementPage(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    account = AccountOutput()
    start = serializers.DateField()
    end = serializers.DateField()
    opening = MoneyField(help_text="At the start of the period.")
    closing = MoneyField(help_text="At its end.")
    results = StatementLineOutput(many=True)
