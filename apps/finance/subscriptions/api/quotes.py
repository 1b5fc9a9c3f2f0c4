"""Shapes of what a subscription would cost, and of a change of one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.core.api.fields import MoneyField
from apps.finance.subscriptions.api.serializers import PlanBrief, PriceBrief


class OfferOutput(serializers.Serializer[Any]):
    plan = PlanBrief()
    price = PriceBrief()
    due = MoneyField(help_text="The price charged today.")
    tax = MoneyField(help_text="In or on it.")
    total = MoneyField(help_text="What is taken today: send it back as the total you saw.")
    per_period = MoneyField(help_text="The full price of a period.")
    trial_days = serializers.IntegerField()
    trial_ends_at = serializers.DateTimeField(allow_null=True)
    next_amount = MoneyField(allow_null=True, help_text="Before tax that comes on top.")
    next_at = serializers.DateTimeField(allow_null=True)
    promotion = serializers.CharField(source="promotion.name", default=None, allow_null=True)
    descriptor = serializers.CharField(help_text="What the card statement shows.")
    cancel_how = serializers.CharField()
    terms = serializers.CharField(help_text="To be shown whole beside the button that pays.")
    terms_hash = serializers.CharField(help_text="SHA-256 of the terms.")


class ChangeQuoteOutput(serializers.Serializer[Any]):
    kind = serializers.CharField(source="kind.value", help_text="UPGRADE, DOWNGRADE or SWITCH.")
    at_once = serializers.BooleanField(help_text="false: with the next period.")
    credit = MoneyField(help_text="For the unused part of what is paid.")
    charge = MoneyField(help_text="Due today.")
    tax = MoneyField()
    total = MoneyField(help_text="What is taken today.")
    effective_at = serializers.DateTimeField()
    then = MoneyField(help_text="The full price of the periods after.")
    new_until = serializers.DateTimeField(allow_null=True)
    descriptor = serializers.CharField(help_text="What the card statement shows.")
    terms = serializers.CharField(help_text="To be shown whole beside the button that changes it.")
    token = serializers.CharField(help_text="Names quote and terms: send it back to agree.")


class ChargeNowOutput(serializers.Serializer[Any]):
    """All zero: nothing is charged now."""

    amount = MoneyField(help_text="The price of the period that is paid.")
    tax = MoneyField(help_text="In or on it.")
    total = MoneyField(help_text="What is taken: send it back as the total you saw.")
