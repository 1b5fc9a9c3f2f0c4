"""HTTP for what a fan does with a subscription: change, cancel, pause, pay, try again."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.idempotency import idempotent, key_of
from apps.core.money import Money
from apps.finance.payments.api.going_on import KEY_HEADER
from apps.finance.payments.selectors.methods import means_for
from apps.finance.subscriptions import selectors, services
from apps.finance.subscriptions.api.quotes import ChangeQuoteOutput, ChargeNowOutput
from apps.finance.subscriptions.api.serializers import (
    CancelInput,
    ChangeInput,
    ChangeQuery,
    GoOnInput,
    PauseInput,
    PaysWith,
    PayWithInput,
    SubscriptionOutput,
)
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors import dues


class ChangeQuote(APIView):
    """What a change of plan or interval would bring and cost now. Nothing is kept of it."""

    @extend_schema(parameters=[ChangeQuery], responses=ChangeQuoteOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        form = ChangeQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        fan = profile(request)
        quote = selectors.change_quote(
            subscription=selectors.subscription_for(fan, public_id),
            price=selectors.price_for(fan, form.validated_data["price"]),
            now=timezone.now(),
        )
        return Response(ChangeQuoteOutput(quote).data)


class Change(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=ChangeInput, responses=SubscriptionOutput)
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Change it as its quote said; another proration than the quoted one is refused."""
        wish, fan = _wish(ChangeInput, request), profile(request)
        changed = services.change(
            subscription_id=public_id,
            fan=fan,
            price=selectors.price_for(fan, wish["price"]),
            token=wish["token"],
            idempotency_key=key_of(request),
            now=timezone.now(),
        )
        return _answer(fan, changed)

    @extend_schema(responses=SubscriptionOutput)
    def delete(self, request: Request, public_id: uuid.UUID) -> Response:
        """Take a change back that has not come yet."""
        fan = profile(request)
        return _answer(
            fan, services.withdraw_change(subscription_id=public_id, fan=fan, now=timezone.now())
        )


class Cancel(APIView):
    @extend_schema(request=CancelInput, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Charge nothing any more, at once; what is paid stays open until its end."""
        wish, fan = _wish(CancelInput, request), profile(request)
        cancelled = services.cancel(
            subscription_id=public_id, fan=fan, reason=wish["reason"], now=timezone.now()
        )
        return _answer(fan, cancelled)


class Uncancel(APIView):
    @extend_schema(request=None, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Take a cancellation back before the end."""
        fan = profile(request)
        return _answer(
            fan, services.uncancel(subscription_id=public_id, fan=fan, now=timezone.now())
        )


class Pause(APIView):
    @extend_schema(request=PauseInput, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Pause it once what is paid is used up, or at once, for three months at most."""
        wish, fan = _wish(PauseInput, request), profile(request)
        paused = services.pause(
            subscription_id=public_id,
            fan=fan,
            until=wish["until"],
            at_once=wish["at_once"],
            now=timezone.now(),
        )
        return _answer(fan, paused)


class GoOnQuote(APIView):
    """What is charged at once by going on, trying again, or (named) paying another way."""

    @extend_schema(parameters=[PaysWith], responses=ChargeNowOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        form = PaysWith(data=request.query_params)
        form.is_valid(raise_exception=True)
        fan = profile(request)
        found = selectors.subscription_for(fan, public_id)
        charge = dues.charge_now(found, now=timezone.now(), by=_by(fan, form.validated_data))
        nothing = Money.zero(found.currency or "USD")
        return Response(ChargeNowOutput(charge or dues.ChargeNow(nothing, nothing, nothing)).data)


class Resume(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=GoOnInput, responses=SubscriptionOutput)
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """End a pause now. What that charges is what its quote showed, or it is refused."""
        wish, fan = _wish(GoOnInput, request), profile(request)
        resumed = services.resume(
            subscription_id=public_id, fan=fan, total_seen=_seen(wish), now=timezone.now()
        )
        return _answer(fan, resumed)


class Retry(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=GoOnInput, responses=SubscriptionOutput)
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Have a failed charge tried again the same way, within seconds."""
        wish, fan = _wish(GoOnInput, request), profile(request)
        tried = services.retry_now(
            subscription_id=public_id, fan=fan, total_seen=_seen(wish), now=timezone.now()
        )
        return _answer(fan, tried)


class PayWith(APIView):
    @extend_schema(parameters=[KEY_HEADER], request=PayWithInput, responses=SubscriptionOutput)
    @idempotent
    def put(self, request: Request, public_id: uuid.UUID) -> Response:
        """Pay the next periods from the wallet, or by a stored means; what is past due at once."""
        wish, fan = _wish(PayWithInput, request), profile(request)
        paid = services.change_means(
            subscription_id=public_id,
            fan=fan,
            to=_by(fan, wish) or "WALLET",
            total_seen=_seen(wish),
            now=timezone.now(),
        )
        return _answer(fan, paid)


def _wish(form: Any, request: Request) -> dict[str, Any]:
    asked = form(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _by(fan: Profile, wish: dict[str, Any]) -> dues.PaysBy | None:
    if wish["payment_method"]:
        return means_for(fan, wish["payment_method"])
    return "WALLET" if wish["wallet"] else None


def _seen(wish: dict[str, Any]) -> Money:
    """Who names no total saw none: nothing may be charged."""
    return wish.get("total") or Money.zero("USD")


def _answer(fan: Profile, subscription: Subscription) -> Response:
    shown = selectors.subscription_for(fan, subscription.public_id)
    return Response(SubscriptionOutput(shown).data)
