"""Refunds and disputes as the people concerned read them; staff act in FanzDash."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers

from apps.accounts.api.requests import profile
from apps.core.api.fields import MoneyField
from apps.core.api.pagination import CursorPagination
from apps.core.money import Money
from apps.finance.payments.models import Dispute, Refund
from apps.finance.payments.selectors.refunds import claim_url_of, disputes_of, refunds_of


class RefundOutput(serializers.ModelSerializer[Refund]):
    id = serializers.UUIDField(source="public_id")
    transaction = serializers.UUIDField(source="transaction.public_id")
    amount = MoneyField()
    payer = serializers.CharField(source="transaction.payer.handle")
    creator = serializers.CharField(
        source="transaction.payee.handle", default=None, allow_null=True
    )

    claim_url = serializers.SerializerMethodField(
        help_text="Where you, its payer, claim it, while it waits for that; else empty."
    )

    class Meta:
        model = Refund
        fields = [
            "id", "transaction", "amount", "state", "destination", "payer", "creator",
            "claim_url", "created_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_claim_url(self, row: Refund) -> str:
        reader = profile(self.context["request"])
        return claim_url_of(row) if row.transaction.payer_id == reader.pk else ""


class DisputeOutput(serializers.ModelSerializer[Dispute]):
    id = serializers.UUIDField(source="public_id")
    transaction = serializers.UUIDField(source="transaction.public_id")
    amount = MoneyField()
    payer = serializers.CharField(source="transaction.payer.handle")
    kept_back = serializers.SerializerMethodField(
        help_text="What of your earnings is kept back until the bank decides."
    )

    class Meta:
        model = Dispute
        fields = [
            "id", "transaction", "amount", "stage", "reason", "payer", "kept_back", "due_at",
            "opened_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(MoneyField())
    def get_kept_back(self, row: Dispute) -> Any:
        minor = sum(
            reserve.amount_minor
            for round_ in row.rounds.all()
            if (reserve := getattr(round_, "reserve", None)) and reserve.released_at is None
        )
        return MoneyField().to_representation(Money(minor, row.currency))


class Refunds(generics.ListAPIView[Refund]):
    """Refunds of what I paid and of what I received on this brand, the newest first."""

    serializer_class = RefundOutput
    queryset = Refund.objects.none()

    def get_queryset(self) -> QuerySet[Refund]:
        return refunds_of(profile(self.request))


class ByOpening(CursorPagination):
    ordering = ("-opened_at", "-id")


class Disputes(generics.ListAPIView[Dispute]):
    """Disputes about what I received on this brand, the newest first."""

    serializer_class = DisputeOutput
    pagination_class = ByOpening
    queryset = Dispute.objects.none()

    def get_queryset(self) -> QuerySet[Dispute]:
        return disputes_of(profile(self.request))
