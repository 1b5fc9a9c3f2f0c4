"""HTTP for payments: read the request, make one call, write the answer."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country
from apps.core.money import Money
from apps.finance.payments import choices, errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.api.going_on import KEY_HEADER, pay_by, started
from apps.finance.payments.api.serializers import (
    DepositInput,
    GatewayHealthOutput,
    QuoteInput,
    QuoteOutput,
    StartedOutput,
    TipInput,
    TransactionOutput,
)
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import limits
from apps.finance.tax.selectors import Buyer


class TransactionFilter(filters.FilterSet):
    kind = filters.MultipleChoiceFilter(choices=choices.Kind.choices)
    status = filters.MultipleChoiceFilter(choices=choices.Status.choices)
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    method = filters.MultipleChoiceFilter(choices=choices.Method.choices)
    gateway = filters.MultipleChoiceFilter(choices=choices.Gateway.choices)
    least_minor = filters.NumberFilter(field_name="amount_minor", lookup_expr="gte")
    most_minor = filters.NumberFilter(field_name="amount_minor", lookup_expr="lte")

    class Meta:
        model = Transaction
        fields = [
            "kind", "status", "since", "until", "method", "gateway", "least_minor", "most_minor",
        ]  # fmt: skip


class Transactions(generics.ListAPIView[Transaction]):
    """What I paid and received on this brand, the newest first."""

    serializer_class = TransactionOutput
    filterset_class = TransactionFilter
    queryset = Transaction.objects.none()

    def get_queryset(self) -> QuerySet[Transaction]:
        return selectors.transactions_of(profile(self.request))


class OneTransaction(APIView):
    @extend_schema(responses=TransactionOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        transaction = selectors.transaction_for(profile(request), public_id)
        return Response(TransactionOutput(transaction).data)


class Tips(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=TipInput, responses={201: StartedOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        form = TipInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        fan, now = profile(request), timezone.now()
        tip = payments.Purchase(
            fan=fan,
            creator=_creator(fan, wish["creator"]),
            kind=choices.Kind.TIP,
            amount=wish["amount"],
            subject="",
            idempotency_key=key_of(request),
            message=wish["message"],
            buyer=Buyer(wish["buyer_country"], client_country(request)),
        )
        if wish["method"] == choices.Method.WALLET:
            with atomic():
                transaction = payments.sell_from_wallet(tip, now=now)
        else:
            transaction = payments.start_sale(
                tip,
                now=now,
                method=choices.Method(wish["method"]),
                pay_by=pay_by(request, wish),
            )
        return started(request, transaction)


class Deposits(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=DepositInput, responses={201: StartedOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        form = DepositInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        transaction = payments.start_deposit(
            fan=profile(request),
            amount=wish["amount"],
            idempotency_key=key_of(request),
            now=timezone.now(),
            method=choices.Method(wish["method"]),
            pay_by=pay_by(request, wish),
        )
        return started(request, transaction)


class QuoteView(APIView):
    """What a payment would split into now."""

    @extend_schema(parameters=[QuoteInput], responses=QuoteOutput)
    def get(self, request: Request) -> Response:
        form = QuoteInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        if asked["currency"] not in limits.CURRENCIES:
            raise errors.CurrencyNotOffered(currency=asked["currency"])
        amount = Money.of(asked["amount"], asked["currency"])
        limits.check_between(amount, 1, limits.MOST_MINOR)
        quote = selectors.quote(
            cluster=profile(request).cluster,
            kind=choices.Kind(asked["kind"]),
            method=choices.Method(asked["method"]),
            amount=amount,
            at=timezone.now(),
            buyer=Buyer(asked["buyer_country"], client_country(request)),
        )
        return Response(QuoteOutput(quote).data)


class Health(APIView):
    """Whether payments can be taken; public, without secrets."""

    permission_classes = (AllowAny,)

    @extend_schema(responses=GatewayHealthOutput(many=True))
    def get(self, request: Request) -> Response:
        rows = selectors.gateway_health(now=timezone.now())
        return Response(GatewayHealthOutput(rows, many=True).data)


def _creator(fan: Profile, handle: str) -> Profile:
    creator = accounts.creator_by_handle(fan.cluster, handle)
    if creator is None:
        raise errors.CreatorNotFound(handle=handle)
    return creator
