"""HTTP for payouts: read the request, make one call, write the answer."""

from __future__ import annotations

import uuid

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.api.pagination import CursorPagination
from apps.core.idempotency import idempotent, key_of
from apps.payouts import choices, errors, selectors
from apps.payouts import services as payouts
from apps.payouts.api.serializers import (
    PayoutBalanceOutput,
    PayoutMethodInput,
    PayoutMethodOutput,
    PayoutOutput,
    PayoutRequestInput,
)
from apps.payouts.models import Payout, PayoutMethod, PayoutQuerySet

CURRENCY = "USD"
KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 64 letters, digits and -_.: characters. The same key: the first answer.",
)


class PayoutPages(CursorPagination):
    ordering = ("-requested_at", "-id")


class PayoutFilter(filters.FilterSet):
    status = filters.MultipleChoiceFilter(choices=choices.Status.choices)

    class Meta:
        model = Payout
        fields = ["status"]


class Payouts(generics.ListAPIView[Payout]):
    """My payouts on this brand."""

    serializer_class = PayoutOutput
    pagination_class = PayoutPages
    filterset_class = PayoutFilter
    queryset = Payout.objects.none()

    def get_queryset(self) -> PayoutQuerySet:
        return selectors.payouts_of(profile(self.request))

    @extend_schema(
        parameters=[KEY_HEADER], request=PayoutRequestInput, responses={201: PayoutOutput}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        form = PayoutRequestInput(data=request.data)
        form.is_valid(raise_exception=True)
        creator = profile(request)
        method = selectors.method_for(creator, form.validated_data["method"])
        if method is None:
            raise errors.MethodNotFound(method=str(form.validated_data["method"]))
        payout = payouts.request_payout(
            creator=creator,
            method_id=method.pk,
            amount=form.validated_data["amount"],
            idempotency_key=key_of(request),
            now=timezone.now(),
        )
        return Response(PayoutOutput(payout).data, status=201)


class OnePayout(APIView):
    @extend_schema(responses=PayoutOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(PayoutOutput(_mine(request, public_id)).data)


class CancelPayout(APIView):
    @extend_schema(request=None, responses=PayoutOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        payout = payouts.cancel_payout(
            payout_id=_mine(request, public_id).pk, creator=profile(request), now=timezone.now()
        )
        return Response(PayoutOutput(payout).data)


class Balance(APIView):
    @extend_schema(responses=PayoutBalanceOutput)
    def get(self, request: Request) -> Response:
        creator = profile(request)
        balance = {
            "available": selectors.available_of(creator, CURRENCY),
            "pending": selectors.pending_total(creator, CURRENCY),
            "minimum": selectors.minimum_of(choices.Rail.PAXUM, CURRENCY),
            "currency": CURRENCY,
        }
        return Response(PayoutBalanceOutput(balance).data)


class MethodPages(CursorPagination):
    ordering = ("-added_at", "-id")


class PayoutMethods(generics.ListAPIView[PayoutMethod]):
    """My payout methods in use on this brand."""

    serializer_class = PayoutMethodOutput
    pagination_class = MethodPages
    filter_backends = ()
    queryset = PayoutMethod.objects.none()

    def get_queryset(self):  # type: ignore[no-untyped-def]
        return selectors.methods_of(profile(self.request))

    @extend_schema(request=PayoutMethodInput, responses={201: PayoutMethodOutput})
    def post(self, request: Request) -> Response:
        form = PayoutMethodInput(data=request.data)
        form.is_valid(raise_exception=True)
        method = payouts.add_method(
            profile=profile(request), now=timezone.now(), **form.validated_data
        )
        return Response(PayoutMethodOutput(method).data, status=201)


def _mine(request: Request, public_id: uuid.UUID) -> Payout:
    payout = selectors.payout_for(profile(request), public_id)
    if payout is None:
        raise errors.PayoutNotFound(payout=str(public_id))
    return payout
