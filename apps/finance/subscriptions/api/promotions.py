"""HTTP for a creator's promotions. Fans see open ones beside the prices they lower."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.idempotency import idempotent
from apps.finance.payments.api.going_on import KEY_HEADER
from apps.finance.subscriptions import choices, selectors, services
from apps.finance.subscriptions.api.offering import OwnPromotion, PromotionInput
from apps.finance.subscriptions.api.pagination import ById
from apps.finance.subscriptions.api.subscribers import creator_of
from apps.finance.subscriptions.models import Promotion
from apps.finance.subscriptions.selectors import plans as owned


class PromotionFilter(filters.FilterSet):
    status = filters.ChoiceFilter(choices=choices.PromotionStatus.choices)
    code = filters.CharFilter(field_name="code", lookup_expr="iexact")

    class Meta:
        model = Promotion
        fields = ["status", "code"]


class Promotions(generics.ListAPIView[Promotion]):
    """My promotions, the newest first."""

    serializer_class = OwnPromotion
    filterset_class = PromotionFilter
    pagination_class = ById
    queryset = Promotion.objects.none()

    def get_queryset(self) -> QuerySet[Promotion]:
        return selectors.promotions_of(creator_of(self.request))

    @extend_schema(parameters=[KEY_HEADER], request=PromotionInput, responses={201: OwnPromotion})
    @idempotent
    def post(self, request: Request) -> Response:
        """Offer a lower price for the first periods, with a code or to everybody."""
        form = PromotionInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish, creator = dict(form.validated_data), creator_of(request)
        plan = wish.pop("plan")
        wish["discount"] = choices.Discount(wish["discount"])
        wish["audience"] = choices.Audience(wish["audience"])
        promotion = services.create_promotion(
            creator=creator,
            plan=owned.plan_of_creator(creator, plan) if plan else None,
            by=creator.user,
            now=timezone.now(),
            **wish,
        )
        return Response(OwnPromotion(promotion).data, status=201)


class OnePromotion(APIView):
    @extend_schema(responses=OwnPromotion)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        found = selectors.promotion_of_creator(creator_of(request), public_id)
        return Response(OwnPromotion(found).data)


class EndPromotion(APIView):
    @extend_schema(request=None, responses=OwnPromotion)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Let nobody take it any more; who did keeps it."""
        creator = creator_of(request)
        found = selectors.promotion_of_creator(creator, public_id)
        ended = services.end_promotion(promotion=found, by=creator.user, now=timezone.now())
        return Response(OwnPromotion(ended).data)
