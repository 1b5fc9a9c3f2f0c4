"""A creator's subscribers: the list, and all of it as a file."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.api.files import csv_file
from apps.finance.subscriptions import choices, errors, exports, selectors, services
from apps.finance.subscriptions.api.pagination import ById
from apps.finance.subscriptions.api.serializers import EndInput, SubscriberOutput
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors.lists import subscriber_for


class SubscriberFilter(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=choices.State.choices)
    plan = filters.UUIDFilter(field_name="plan__public_id")
    cancelling = filters.BooleanFilter(field_name="cancel_at_end")
    since = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter(field_name="started_at", lookup_expr="lt")

    class Meta:
        model = Subscription
        fields = ["state", "plan", "cancelling", "since", "until"]


class Subscribers(generics.ListAPIView[Subscription]):
    """Who subscribes or did subscribe to me on this brand, the newest first."""

    serializer_class = SubscriberOutput
    filterset_class = SubscriberFilter
    pagination_class = ById
    queryset = Subscription.objects.none()

    def get_queryset(self) -> QuerySet[Subscription]:
        return selectors.with_earned(selectors.subscribers_of(creator_of(self.request)))


class SubscribersFile(APIView):
    """My subscribers as the list filters them, in one CSV file however long."""

    @extend_schema(
        operation_id="subscribers_export", responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        rows = selectors.subscribers_of(creator_of(request))
        chosen = SubscriberFilter(request.query_params, queryset=rows)
        if not chosen.is_valid():  # or else a misspelt filter would give everybody
            raise translate_validation(chosen.errors)
        name = f"subscribers-{timezone.now():%Y-%m-%d}"
        return csv_file(name, exports.subscriber_lines(selectors.with_earned(chosen.qs)))


class EndSubscriber(APIView):
    @extend_schema(request=EndInput, responses=SubscriberOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """End a fan's subscription to me at once, access with it. Nothing is charged any more;
        what was paid stays paid. One that has ended stays as it is."""
        form = EndInput(data=request.data)
        form.is_valid(raise_exception=True)
        creator = creator_of(request)
        services.end_subscription(
            subscription_id=subscriber_for(creator, public_id).public_id,
            by=creator.user,
            why=choices.EndReason.CREATOR,
            reason=form.validated_data["reason"],
            refund=False,
            now=timezone.now(),
        )
        return Response(SubscriberOutput(subscriber_for(creator, public_id)).data)


def creator_of(request: Any) -> Profile:
    """Return who asks, a creator.

    :raises NotACreator: fans have no subscribers
    """
    mine = profile(request)
    if not mine.is_creator:
        raise errors.NotACreator()
    return mine
