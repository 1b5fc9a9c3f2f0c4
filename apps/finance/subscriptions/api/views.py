"""HTTP for subscriptions: what they cost, subscribing, the list and one of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country, client_ip
from apps.core.throttling import CODES, guessing, person
from apps.finance.payments import choices as payments_choices
from apps.finance.payments.api.going_on import KEY_HEADER, pay_by, started
from apps.finance.payments.selectors.methods import means_for
from apps.finance.subscriptions import choices, selectors, services
from apps.finance.subscriptions.api.pagination import ById
from apps.finance.subscriptions.api.quotes import OfferOutput
from apps.finance.subscriptions.api.serializers import (
    FollowInput,
    OneSubscriptionOutput,
    QuoteQuery,
    SubscribedOutput,
    SubscribeInput,
    SubscriptionOutput,
)
from apps.finance.subscriptions.errors import CodeUnknown
from apps.finance.subscriptions.models import Subscription
from apps.finance.tax.selectors import Buyer

#: Nothing waits for its payer in these: what they paid is there, or nothing was to pay.
_BEGUN = choices.LIVE


class SubscriptionFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=choices.State.choices)
    creator = filters.CharFilter(field_name="creator__handle", lookup_expr="iexact")
    cancelling = filters.BooleanFilter(field_name="cancel_at_end")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Subscription
        fields = ["state", "creator", "cancelling", "since", "until"]


class Subscriptions(generics.ListAPIView[Subscription]):
    """What I subscribe to and did on this brand, the newest first."""

    serializer_class = SubscriptionOutput
    filterset_class = SubscriptionFilter
    pagination_class = ById
    queryset = Subscription.objects.none()

    def get_queryset(self) -> QuerySet[Subscription]:
        return selectors.subscriptions_of(profile(self.request))

    @extend_schema(
        parameters=[KEY_HEADER], request=SubscribeInput, responses={201: SubscribedOutput}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Subscribe at a price, on the terms and for the total that its quote showed."""
        form = SubscribeInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish = form.validated_data
        fan = profile(request)
        with guessing(CODES, person(fan.user_id), given=wish["code"], wrong=CodeUnknown):
            subscription = services.subscribe(
                fan=fan,
                price=selectors.price_for(fan, wish["price"]),
                method=payments_choices.Method(wish["method"]),
                code=wish["code"],
                terms_hash=wish["terms_hash"],
                total_seen=wish["total"],
                idempotency_key=key_of(request),
                now=timezone.now(),
                buyer=Buyer(wish["buyer_country"], client_country(request)),
                pay_by=pay_by(request, wish),
                timezone=wish["timezone"],
                ip=client_ip(request),
            )
        shown = subscribed(request, fan, subscription, agreed=wish["terms_hash"])
        return Response(shown, status=201)


class QuoteView(APIView):
    """All that is due now and later, and the words to agree to. Nothing is kept of a quote."""

    @extend_schema(parameters=[QuoteQuery], responses=OfferOutput)
    def get(self, request: Request) -> Response:
        form = QuoteQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        fan, stored = profile(request), asked["payment_method"]
        with guessing(CODES, person(fan.user_id), given=asked["code"], wrong=CodeUnknown):
            offer = selectors.offer(
                fan=fan,
                price=selectors.price_for(fan, asked["price"]),
                code=asked["code"],
                method=payments_choices.Method(asked["method"]),
                now=timezone.now(),
                buyer=Buyer(asked["buyer_country"], client_country(request)),
                timezone=asked["timezone"],
                means=means_for(fan, stored) if stored else None,
            )
        return Response(OfferOutput(offer).data)


class Follows(APIView):
    @extend_schema(
        parameters=[KEY_HEADER], request=FollowInput, responses={201: SubscriptionOutput}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Follow a creator for free; it is cancelled like any other subscription."""
        form = FollowInput(data=request.data)
        form.is_valid(raise_exception=True)
        fan = profile(request)
        followed = services.follow(
            fan=fan,
            plan=selectors.plan_for(fan, form.validated_data["plan"]),
            now=timezone.now(),
            idempotency_key=key_of(request),
        )
        shown = selectors.subscription_for(fan, followed.public_id)
        return Response(SubscriptionOutput(shown).data, status=201)


class OneSubscription(APIView):
    @extend_schema(responses=OneSubscriptionOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """One of mine, with its periods and what happened to it, the newest first."""
        found = selectors.subscription_for(profile(request), public_id)
        shown = OneSubscriptionOutput(
            {
                "subscription": found,
                "periods": selectors.periods_of(found),
                "history": selectors.history_of(found),
            },
            context={"subscription": found},
        )
        return Response(shown.data)


def subscribed(
    request: Request, fan: Any, subscription: Subscription, *, agreed: str
) -> dict[str, Any]:
    """Return a subscription that was begun, with what its fan does next to pay for it: to see the
    terms, where they are not those that were ``agreed`` to (the text of the statement)."""
    payment, action = subscription.first_transaction, None
    is_agreed = subscription.terms_hash == agreed
    if payment is not None and is_agreed and subscription.state not in _BEGUN:
        action = (started(request, payment).data or {}).get("next_action")
    shown = selectors.subscription_for(fan, subscription.public_id)
    body = {
        "subscription": shown,
        "terms": shown.terms,
        "terms_hash": shown.terms_hash,
        "transaction": payment.public_id if payment else None,
        "next_action": action,
    }
    return dict(SubscribedOutput(body).data)
