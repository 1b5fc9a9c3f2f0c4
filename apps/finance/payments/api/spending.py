"""The limits I set for what I spend."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.api.fields import MoneyField
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.rules.limits import CURRENCIES
from apps.finance.payments.rules.spending import Per

_CURRENCY = "ISO 4217; each currency has limits of its own."


class SpendingInput(serializers.Serializer[Any]):
    per = serializers.ChoiceField(choices=Per.choices)
    amount = MoneyField(
        default=None, allow_null=True, help_text="Null: no limit, 24 hours from now."
    )
    currency = serializers.CharField(max_length=5, default="USD", help_text=_CURRENCY)


class SpendingOutput(serializers.Serializer[Any]):
    """``then`` counts from ``then_at``; without ``then_at`` nothing is about to change."""

    per = serializers.ChoiceField(choices=Per.choices)
    limit = MoneyField(allow_null=True)
    spent = MoneyField()
    left = MoneyField(allow_null=True)
    resets_at = serializers.DateTimeField()
    then = MoneyField(allow_null=True)
    then_at = serializers.DateTimeField(allow_null=True)


class CurrencyInput(serializers.Serializer[Any]):
    currency = serializers.CharField(max_length=5, default="USD", help_text=_CURRENCY)


class SpendingLimits(APIView):
    @extend_schema(parameters=[CurrencyInput], responses=SpendingOutput(many=True))
    def get(self, request: Request) -> Response:
        """My limits by day, week and month, set or not, and what I have spent in each."""
        asked = CurrencyInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        currency = asked.validated_data["currency"]
        if currency not in CURRENCIES:
            raise errors.CurrencyNotOffered(currency=currency)
        rows = selectors.spending_of(profile(request), currency=currency, now=timezone.now())
        return Response(SpendingOutput(rows, many=True).data)

    @extend_schema(request=SpendingInput, responses=SpendingOutput)
    def put(self, request: Request) -> Response:
        """Set one: stricter counts at once, looser after 24 hours."""
        form = SpendingInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        fan, amount = profile(request), wish["amount"]
        standing = payments.set_spending_limit(
            profile=fan,
            per=Per(wish["per"]),
            amount=amount,
            currency=amount.currency if amount else wish["currency"],
            by=fan.user,
            now=timezone.now(),
        )
        return Response(SpendingOutput(standing).data)
