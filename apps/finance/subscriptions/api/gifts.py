"""HTTP for gifts: give some months, see what was given, take one."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.api.fields import MoneyField
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country
from apps.core.throttling import CODES, guessing, person
from apps.finance.payments.api.going_on import KEY_HEADER, pay_by, started
from apps.finance.payments.api.serializers import BUYER_COUNTRY, NextAction, PayByInput
from apps.finance.payments.choices import Method
from apps.finance.subscriptions import selectors, services
from apps.finance.subscriptions.api.pagination import ById
from apps.finance.subscriptions.api.serializers import METHODS, ZONE, PlanBrief, SubscriptionOutput
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.errors import GiftNotFound
from apps.finance.subscriptions.models import Gift
from apps.finance.subscriptions.rules.gifts import MESSAGE_MAX
from apps.finance.subscriptions.selectors import gifts as queries
from apps.finance.tax.selectors import Buyer


class GiftOutput(serializers.ModelSerializer[Gift]):
    id = serializers.UUIDField(source="public_id")
    creator = serializers.CharField(source="plan.creator.handle")
    plan = PlanBrief()
    months = serializers.IntegerField(source="price.months", help_text="0: for life.")
    amount = serializers.SerializerMethodField(help_text="null for who receives it.")
    code = serializers.SerializerMethodField(
        help_text="Whoever knows it may take an open gift; null for who receives it."
    )
    giver = serializers.CharField(source="giver.handle")
    taker = serializers.CharField(source="taker.handle", default=None, allow_null=True)

    class Meta:
        model = Gift
        fields = [
            "id", "creator", "plan", "months", "amount", "code", "giver", "taker", "message",
            "state", "created_at", "taken_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField(allow_null=True))
    def get_amount(self, row: Gift) -> dict[str, str] | None:
        return MoneyField().to_representation(row.price.amount) if self._is_givers(row) else None

    def get_code(self, row: Gift) -> str | None:
        paid = row.state in {GiftState.PAID, GiftState.TAKEN}
        return row.code if paid and self._is_givers(row) else None

    def _is_givers(self, row: Gift) -> bool:
        reader: Profile = self.context["reader"]
        return row.giver_id == reader.pk


class GivenOutput(serializers.Serializer[Any]):
    """``next_action``: how its payment goes on; null: it is paid."""

    gift = GiftOutput()
    transaction = serializers.UUIDField(allow_null=True)
    next_action = NextAction(allow_null=True)


class GiftInput(PayByInput):
    price = serializers.UUIDField()
    method = serializers.ChoiceField(choices=METHODS)
    to = serializers.CharField(
        max_length=40, default="", allow_blank=True,
        help_text="Handle of who takes it; empty: whoever is given the code.",
    )  # fmt: skip
    message = serializers.CharField(max_length=MESSAGE_MAX, default="", allow_blank=True)
    buyer_country = serializers.CharField(max_length=6, default="", help_text=BUYER_COUNTRY)


class TakeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40, default="", allow_blank=True)
    gift = serializers.UUIDField(
        default=None, allow_null=True, help_text="One that is addressed to me."
    )
    timezone = serializers.CharField(max_length=40, default="UTC", help_text=ZONE)


class Gifts(generics.ListAPIView[Gift]):
    """What I gave on this brand, the newest first."""

    serializer_class = GiftOutput
    pagination_class = ById
    queryset = Gift.objects.none()

    def get_queryset(self) -> QuerySet[Gift]:
        return queries.gifts_given(profile(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **_reader(self.request)}

    @extend_schema(parameters=[KEY_HEADER], request=GiftInput, responses={201: GivenOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        """Pay one period of a price for somebody else. It does not renew."""
        form = GiftInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish, giver = form.validated_data, profile(request)
        gift = services.buy_gift(
            giver=giver,
            price=selectors.price_for(giver, wish["price"]),
            method=Method(wish["method"]),
            idempotency_key=key_of(request),
            now=timezone.now(),
            to=queries.taker_called(wish["to"], cluster_id=giver.cluster_id),
            message=wish["message"],
            buyer=Buyer(wish["buyer_country"], client_country(request)),
            pay_by=pay_by(request, wish),
        )
        shown = queries.gift_for(giver, gift.public_id)
        payment, action = gift.transaction, None
        if payment is not None and gift.state == GiftState.INCOMPLETE:
            action = (started(request, payment).data or {}).get("next_action")
        answer = {
            "gift": GiftOutput(shown, context={"reader": giver}).data,
            "transaction": str(payment.public_id) if payment else None,
            "next_action": action,
        }
        return Response(answer, status=201)


class GiftsReceived(generics.ListAPIView[Gift]):
    """What was given to me on this brand, the newest first."""

    serializer_class = GiftOutput
    pagination_class = ById
    queryset = Gift.objects.none()

    def get_queryset(self) -> QuerySet[Gift]:
        return queries.gifts_received(profile(self.request))

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), **_reader(self.request)}


class OneGift(APIView):
    @extend_schema(responses=GiftOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """One that I gave or received."""
        mine = profile(request)
        found = queries.gift_for(mine, public_id)
        return Response(GiftOutput(found, context={"reader": mine}).data)


class TakeGift(APIView):
    @extend_schema(request=TakeInput, responses={201: SubscriptionOutput})
    def post(self, request: Request) -> Response:
        """Take a gift by its code, or one addressed to me: it begins now and ends by itself."""
        form = TakeInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish, fan = form.validated_data, profile(request)
        with guessing(CODES, person(fan.user_id), given=wish["code"], wrong=GiftNotFound):
            taken = services.take_gift(
                fan=fan,
                now=timezone.now(),
                code=wish["code"],
                gift_id=wish["gift"],
                timezone=wish["timezone"],
            )
        shown = selectors.subscription_for(fan, taken.public_id)
        return Response(SubscriptionOutput(shown).data, status=201)


def _reader(request: Any) -> dict[str, Any]:
    return {"reader": profile(request)} if request else {}
