"""Stored means of payment, receipts and exports."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.api.files import Cell, csv_file, csv_lines
from apps.finance.payments import selectors
from apps.finance.payments import services as payments
from apps.finance.payments.api.serializers import PaymentMethodOutput, ReceiptOutput
from apps.finance.payments.api.views import TransactionFilter
from apps.finance.payments.models import PaymentMethod, Transaction
from apps.finance.payments.selectors.methods import means_of

COLUMNS = (
    "id", "kind", "method", "status", "payer", "creator", "amount", "refunded", "currency",
    "created_at", "captured_at", "message",
)  # fmt: skip


class PaymentMethods(generics.ListAPIView[PaymentMethod]):
    """What I may pay with again on this brand."""

    serializer_class = PaymentMethodOutput
    queryset = PaymentMethod.objects.none()

    def get_queryset(self) -> QuerySet[PaymentMethod]:
        return means_of(profile(self.request))


class OnePaymentMethod(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, public_id: uuid.UUID) -> Response:
        """Forget it; what it paid stays."""
        payments.remove_means(profile=profile(request), public_id=public_id, now=timezone.now())
        return Response(status=204)


class DefaultPaymentMethod(APIView):
    @extend_schema(request=None, responses=PaymentMethodOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Offer it first from now on."""
        means = payments.prefer_means(profile=profile(request), public_id=public_id)
        return Response(PaymentMethodOutput(means).data)


class Receipt(APIView):
    @extend_schema(responses=ReceiptOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        transaction = selectors.transaction_for(profile(request), public_id)
        return Response(ReceiptOutput(selectors.receipt_of(transaction)).data)


class Export(APIView):
    """What I paid and received, as the list filters it, in one CSV file however long."""

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        chosen = TransactionFilter(
            request.query_params, queryset=selectors.transactions_of(profile(request))
        )
        rows = (_cells(row) for row in chosen.qs.iterator(chunk_size=500))
        return csv_file("transactions", csv_lines(COLUMNS, rows))


def _cells(row: Transaction) -> list[Cell]:
    return [
        str(row.public_id),
        row.kind,
        row.method,
        row.status,
        row.payer.handle,
        row.payee.handle if row.payee else "",
        row.amount.decimal,
        row.refunded.decimal,
        row.currency,
        row.created_at.isoformat(),
        row.captured_at.isoformat() if row.captured_at else "",
        row.message,
    ]
