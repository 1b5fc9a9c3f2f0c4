"""HTTP for bank payments: read the request, make one call, write the answer."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.api.pagination import CursorPagination
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_ip
from apps.finance.debits import selectors
from apps.finance.debits import services as debits
from apps.finance.debits.api.serializers import (
    BankWayOutput,
    DebitInput,
    DebitOutput,
    MandateInput,
    MandateOutput,
    TransferInput,
    TransferOutput,
)
from apps.finance.debits.models import Debit, Mandate, Transfer
from apps.finance.payments.api.going_on import KEY_HEADER, whereabouts_of


class Newest(CursorPagination):
    ordering = ("-created_at", "-id")


class Ways(APIView):
    """How I may pay by bank on this brand, and the words to agree to."""

    @extend_schema(responses=BankWayOutput(many=True))
    def get(self, request: Request) -> Response:
        ways = selectors.ways_of(profile(request))
        return Response(BankWayOutput(ways, many=True).data)


class Mandates(generics.ListAPIView[Mandate]):
    """What I allowed this brand to take from my bank accounts."""

    serializer_class = MandateOutput
    pagination_class = Newest
    queryset = Mandate.objects.none()

    def get_queryset(self) -> QuerySet[Mandate]:
        return selectors.mandates_of(profile(self.request))

    @extend_schema(request=MandateInput, responses={201: MandateOutput})
    def post(self, request: Request) -> Response:
        """Sign one. The same account again gives the mandate there is."""
        form = MandateInput(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        mandate = debits.open_mandate(
            profile=profile(request),
            scheme=given["scheme"],
            account=debits.PayerAccount(
                holder=given["holder"],
                iban=given["iban"],
                routing=given["routing"],
                account=given["account"],
                kind=given["account_kind"],
            ),
            consent=debits.Consent(
                given["words_version"],
                client_ip(request),
                request.headers.get("User-Agent", ""),
            ),
            now=timezone.now(),
        )
        return Response(MandateOutput(mandate).data, status=201)


class OneMandate(APIView):
    @extend_schema(responses=MandateOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(MandateOutput(selectors.mandate_for(profile(request), public_id)).data)


class RevokeMandate(APIView):
    @extend_schema(request=None, responses=MandateOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Take it back; what is in no file for the bank yet is cancelled."""
        mandate = debits.revoke_mandate(
            public_id=public_id, profile=profile(request), now=timezone.now()
        )
        return Response(MandateOutput(mandate).data)


class Debits(generics.ListAPIView[Debit]):
    """What was, or will be, debited from my bank accounts."""

    serializer_class = DebitOutput
    pagination_class = Newest
    queryset = Debit.objects.none()

    def get_queryset(self) -> QuerySet[Debit]:
        return selectors.debits_of(profile(self.request))

    @extend_schema(parameters=[KEY_HEADER], request=DebitInput, responses={201: DebitOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        """Put money into my wallet by a debit. It counts when the bank's time to return passed."""
        form = DebitInput(data=request.data)
        form.is_valid(raise_exception=True)
        debit = debits.collect(
            mandate_public_id=form.validated_data["mandate"],
            profile=profile(request),
            amount=form.validated_data["amount"],
            idempotency_key=key_of(request),
            now=timezone.now(),
            pay_by=whereabouts_of(request),
        )
        return Response(
            DebitOutput(selectors.debit_for(profile(request), debit.public_id)).data, status=201
        )


class OneDebit(APIView):
    @extend_schema(responses=DebitOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(DebitOutput(selectors.debit_for(profile(request), public_id)).data)


class Transfers(generics.ListAPIView[Transfer]):
    """Transfers I announced."""

    serializer_class = TransferOutput
    pagination_class = Newest
    queryset = Transfer.objects.none()

    def get_queryset(self) -> QuerySet[Transfer]:
        return selectors.transfers_of(profile(self.request))

    @extend_schema(parameters=[KEY_HEADER], request=TransferInput, responses={201: TransferOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        """Announce one; the answer says where to send it and what reference to write."""
        form = TransferInput(data=request.data)
        form.is_valid(raise_exception=True)
        announced = debits.open_transfer(
            profile=profile(request),
            amount=form.validated_data["amount"],
            idempotency_key=key_of(request),
            now=timezone.now(),
            pay_by=whereabouts_of(request),
        )
        return Response(TransferOutput(announced.transfer).data, status=201)


class OneTransfer(APIView):
    @extend_schema(responses=TransferOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(TransferOutput(selectors.transfer_for(profile(request), public_id)).data)
