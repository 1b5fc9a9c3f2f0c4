"""HTTP for what a fan does with a subscription: change, cancel, pause, pay another way."""

from __future__ import annotations

import uuid

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.idempotency import idempotent, key_of
from apps.finance.payments.api.going_on import KEY_HEADER
from apps.finance.payments.selectors.methods import means_for
from apps.finance.subscriptions import selectors, services
from apps.finance.subscriptions.api.quotes import ChangeQuoteOutput
from apps.finance.subscriptions.api.serializers import (
    CancelInput,
    ChangeInput,
    ChangeQuery,
    PauseInput,
    PayWithInput,
    SubscriptionOutput,
)
from apps.finance.subscriptions.models import Subscription


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
        form = ChangeInput(data=request.data)
        form.is_valid(raise_exception=True)
        fan = profile(request)
        changed = services.change(
            subscription_id=public_id,
            fan=fan,
            price=selectors.price_for(fan, form.validated_data["price"]),
            token=form.validated_data["token"],
            idempotency_key=key_of(request),
            now=timezone.now(),
        )
        return _answer(request, changed)

    @extend_schema(responses=SubscriptionOutput)
    def delete(self, request: Request, public_id: uuid.UUID) -> Response:
        """Take a change back that has not come yet."""
        kept = services.withdraw_change(
            subscription_id=public_id, fan=profile(request), now=timezone.now()
        )
        return _answer(request, kept)


class Cancel(APIView):
    @extend_schema(request=CancelInput, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Charge nothing any more, at once; what is paid stays open until its end."""
        form = CancelInput(data=request.data)
        form.is_valid(raise_exception=True)
        cancelled = services.cancel(
            subscription_id=public_id,
            fan=profile(request),
            reason=form.validated_data["reason"],
            now=timezone.now(),
        )
        return _answer(request, cancelled)


class Uncancel(APIView):
    @extend_schema(request=None, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Take a cancellation back before the end."""
        kept = services.uncancel(
            subscription_id=public_id, fan=profile(request), now=timezone.now()
        )
        return _answer(request, kept)


class Pause(APIView):
    @extend_schema(request=PauseInput, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Pause it once what is paid is used up, until a day of at most three months later."""
        form = PauseInput(data=request.data)
        form.is_valid(raise_exception=True)
        paused = services.pause(
            subscription_id=public_id,
            fan=profile(request),
            until=form.validated_data["until"],
            now=timezone.now(),
        )
        return _answer(request, paused)


class Resume(APIView):
    @extend_schema(request=None, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """End a pause now."""
        resumed = services.resume(
            subscription_id=public_id, fan=profile(request), now=timezone.now()
        )
        return _answer(request, resumed)


class PayWith(APIView):
    @extend_schema(request=PayWithInput, responses=SubscriptionOutput)
    def put(self, request: Request, public_id: uuid.UUID) -> Response:
        """Pay the next periods from the wallet, or by a stored means."""
        form = PayWithInput(data=request.data)
        form.is_valid(raise_exception=True)
        fan = profile(request)
        stored = form.validated_data["payment_method"]
        paid = services.change_means(
            subscription_id=public_id,
            fan=fan,
            to=means_for(fan, stored) if stored else "WALLET",
            now=timezone.now(),
        )
        return _answer(request, paid)


def _answer(request: Request, subscription: Subscription) -> Response:
    shown = selectors.subscription_for(profile(request), subscription.public_id)
    return Response(SubscriptionOutput(shown).data)
