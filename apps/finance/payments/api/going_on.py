"""How a payment goes on once it is begun: a page, fields, or a charge."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country, client_ip
from apps.finance.payments import choices, errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.api.serializers import OneTimeInput, StartedOutput
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.redact import has_card_number
from apps.finance.payments.selectors.methods import means_for

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 64 letters, digits and -_.: characters. The same key: the first answer.",
)


class Checkout(APIView):
    """
    Where the payer of a payment that waits goes on; the same answer until it expires. One begun
    with a stored means, held back until now, is charged.
    """

    @extend_schema(request=None, responses=StartedOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        return started(request, _own(request, public_id), status=200)


class Charge(APIView):
    """Charge the one-time token that the gateway's fields gave the browser."""

    @extend_schema(parameters=[KEY_HEADER], request=OneTimeInput, responses=StartedOutput)
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        key_of(request)
        form = OneTimeInput(data=request.data)
        form.is_valid(raise_exception=True)
        token = form.validated_data["token"]
        if has_card_number(token):
            raise errors.CardDataRefused()
        charged = payments.charge(
            transaction=_own(request, public_id),
            now=timezone.now(),
            one_time=payments.OneTime(token, form.validated_data["wallet"]),
            visit=visit_of(request),
        )
        return _body(charged, _redirect_of(charged), status=200)


def pay_by(request: Request, wish: Mapping[str, Any]) -> payments.PayBy:
    """Return how the payer wants to pay.

    :raises MeansNotFound: the stored means is not the payer's
    """
    kind, means = choices.AttemptKind(wish["checkout"]), None
    if wish["payment_method"]:
        means = means_for(profile(request), wish["payment_method"])
        kind = choices.AttemptKind.STORED
    return replace(whereabouts_of(request), kind=kind, means=means, keep=wish["keep"])


def whereabouts_of(request: Request) -> payments.PayBy:
    """Return from where somebody pays, for a way that has nothing to choose."""
    return payments.PayBy(country=client_country(request), ip=client_ip(request))


def visit_of(request: Request) -> payments.Visit:
    """Return what is known of the payer's visit."""
    return payments.Visit(
        country=client_country(request),
        ip=client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
    )


def started(request: Request, transaction: Transaction, *, status: int = 201) -> Response:
    """Answer for a payment that was begun, with what its payer does next."""
    last = transaction.attempts.order_by("-number").first()
    is_stored = last is not None and last.kind == choices.AttemptKind.STORED
    if is_stored and transaction.status == choices.Status.CREATED:
        if transaction.review_since is None:
            transaction = payments.charge(
                transaction=transaction, now=timezone.now(), visit=visit_of(request)
            )
        return _body(transaction, _redirect_of(transaction), status=status)
    return _answer(request, transaction, status=status)


def _answer(request: Request, transaction: Transaction, *, status: int) -> Response:
    if transaction.status not in {choices.Status.REQUIRES_ACTION, choices.Status.FAILED}:
        return _body(transaction, None, status=status)
    if (redirect := _redirect_of(transaction)) is not None:
        return _body(transaction, redirect, status=status)
    if _waits_for_a_yes(transaction):
        charged = payments.charge(
            transaction=transaction, now=timezone.now(), visit=visit_of(request)
        )
        return _body(charged, _redirect_of(charged), status=status)
    opened = payments.open_checkout(
        transaction=transaction, now=timezone.now(), visit=visit_of(request)
    )
    transaction.refresh_from_db(fields=["gateway"])
    action = {
        "type": "redirect" if opened.url else "fields",
        "url": opened.url,
        "gateway": transaction.gateway,
        "fields": dict(opened.fields),
    }
    return _body(transaction, action, status=status)


def _waits_for_a_yes(transaction: Transaction) -> bool:
    """Test if a person approved a charge that was held back: its payer has to say yes again."""
    last = transaction.attempts.order_by("-number").first()
    waits = transaction.status == choices.Status.REQUIRES_ACTION
    return bool(
        waits
        and last
        and last.kind == choices.AttemptKind.STORED
        and last.status == choices.AttemptStatus.CREATED
    )


def _redirect_of(transaction: Transaction) -> dict[str, Any] | None:
    """Return where the payer confirms a charge that the bank asks about."""
    if transaction.status != choices.Status.REQUIRES_ACTION:
        return None
    last = transaction.attempts.order_by("-number").first()
    if last is None or last.kind == choices.AttemptKind.HOSTED or not last.checkout.get("url"):
        return None
    return {
        "type": "redirect",
        "url": last.checkout["url"],
        "gateway": last.gateway,
        "fields": {},
    }


def _body(transaction: Transaction, action: dict[str, Any] | None, *, status: int) -> Response:
    body = StartedOutput({"transaction": transaction, "next_action": action})
    return Response(body.data, status=status)


def _own(request: Request, public_id: uuid.UUID) -> Transaction:
    """
    :raises TransactionNotFound: it is somebody else's to pay
    """
    fan = profile(request)
    transaction = selectors.transaction_for(fan, public_id)
    if transaction.payer_id != fan.pk:
        raise errors.TransactionNotFound()
    return transaction
