"""HTTP for plans, prices and changes of prices: a creator's own, and what fans are offered."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts_selectors
from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.idempotency import idempotent
from apps.finance.payments.api.going_on import KEY_HEADER
from apps.finance.subscriptions import errors, selectors, services
from apps.finance.subscriptions.api.offering import (
    AnswerInput,
    ChangeOutput,
    ChangePlannedInput,
    OfferedPlan,
    OwnPlanOutput,
    PlanInput,
    PlansQuery,
    PreviewOutput,
    PriceInput,
    WordsInput,
)
from apps.finance.subscriptions.api.pagination import ById
from apps.finance.subscriptions.api.serializers import SubscriptionOutput
from apps.finance.subscriptions.api.subscribers import creator_of
from apps.finance.subscriptions.choices import Alignment
from apps.finance.subscriptions.models import Price, PriceChange
from apps.finance.subscriptions.selectors import plans as owned
from apps.finance.subscriptions.selectors import price_changes

_EITHER = PolymorphicProxySerializer(
    component_name="PlanOwnOrOffered",
    serializers=[OwnPlanOutput, OfferedPlan],
    resource_type_field_name=None,
)


class Plans(APIView):
    @extend_schema(
        operation_id="plans_list",
        parameters=[PlansQuery],
        responses=PolymorphicProxySerializer(
            component_name="PlansOwnOrOffered",
            serializers=[OwnPlanOutput, OfferedPlan],
            resource_type_field_name=None,
            many=True,
        ),
    )
    def get(self, request: Request) -> Response:
        """``?creator=``: what they offer me now. Without: my own plans, archived ones too."""
        form = PlansQuery(data=request.query_params)
        form.is_valid(raise_exception=True)
        mine, handle = profile(request), form.validated_data["creator"]
        if not handle:
            own: Any = owned.plans_owned(creator_of(request))
            return Response(OwnPlanOutput(own, many=True).data)
        creator = accounts_selectors.creator_by_handle(mine.cluster, handle)
        if creator is None:
            raise errors.PlanNotFound()
        offered = selectors.plans_offered(creator=creator, fan=mine, now=timezone.now())
        return Response(OfferedPlan(offered, many=True).data)

    @extend_schema(parameters=[KEY_HEADER], request=PlanInput, responses={201: OwnPlanOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        """Offer a plan, with its first prices."""
        form = PlanInput(data=request.data)
        form.is_valid(raise_exception=True)
        wish, creator = dict(form.validated_data), creator_of(request)
        prices = [services.Offered(each["months"], each["amount"]) for each in wish.pop("prices")]
        wish["alignment"] = Alignment(wish["alignment"])
        plan = services.create_plan(
            creator=creator, by=creator.user, now=timezone.now(), prices=prices, **wish
        )
        return Response(_own(creator, plan.public_id), status=201)


class OnePlan(APIView):
    @extend_schema(responses=_EITHER)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        """One of mine with its figures, or what a creator offers me."""
        mine = profile(request)
        if mine.is_creator:
            try:
                return Response(_own(mine, public_id))
            except errors.PlanNotFound:
                pass  # somebody else's, maybe offered
        plan = selectors.plan_for(mine, public_id)
        offered = selectors.plans_offered(creator=plan.creator, fan=mine, now=timezone.now())
        for each in offered:
            if each.plan.pk == plan.pk:
                return Response(OfferedPlan(each).data)
        raise errors.PlanNotFound()

    @extend_schema(request=WordsInput, responses=OwnPlanOutput)
    def put(self, request: Request, public_id: uuid.UUID) -> Response:
        """Word a plan of mine anew; what it costs and opens stays."""
        form = WordsInput(data=request.data)
        form.is_valid(raise_exception=True)
        creator = creator_of(request)
        plan = owned.plan_of_creator(creator, public_id)
        services.change_plan(plan=plan, by=creator.user, now=timezone.now(), **form.validated_data)
        return Response(_own(creator, public_id))


class ArchivePlan(APIView):
    @extend_schema(request=None, responses=OwnPlanOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Close a plan of mine to newcomers; its subscribers keep it."""
        creator = creator_of(request)
        plan = owned.plan_of_creator(creator, public_id)
        services.archive_plan(plan=plan, by=creator.user, now=timezone.now())
        return Response(_own(creator, public_id))


class PlanPrices(APIView):
    @extend_schema(request=PriceInput, responses={201: OwnPlanOutput})
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Say what newcomers pay for so many months; who is subscribed keeps the old price."""
        form = PriceInput(data=request.data)
        form.is_valid(raise_exception=True)
        creator = creator_of(request)
        services.set_price(
            plan=owned.plan_of_creator(creator, public_id),
            months=form.validated_data["months"],
            amount=form.validated_data["amount"],
            by=creator.user,
            now=timezone.now(),
        )
        return Response(_own(creator, public_id), status=201)


class WithdrawPrice(APIView):
    @extend_schema(request=None, responses=OwnPlanOutput)
    def post(self, request: Request, public_id: uuid.UUID, price_id: uuid.UUID) -> Response:
        """Offer a price to newcomers no more, and nothing in its place."""
        creator = creator_of(request)
        price = owned.price_of_plan(owned.plan_of_creator(creator, public_id), price_id)
        services.withdraw_price(price=price, by=creator.user, now=timezone.now())
        return Response(_own(creator, public_id))


class PriceChanges(generics.ListAPIView[PriceChange]):
    """My changes of what subscribers pay, the newest first."""

    serializer_class = ChangeOutput
    pagination_class = ById
    queryset = PriceChange.objects.none()

    def get_queryset(self) -> QuerySet[PriceChange]:
        return price_changes.changes_of(creator_of(self.request))

    @extend_schema(
        parameters=[KEY_HEADER], request=ChangePlannedInput, responses={201: ChangeOutput}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Move who pays a replaced price to the open one; they are told in time."""
        creator = creator_of(request)
        old, new, wish = _change_asked(creator, request.data)
        change = services.plan_price_change(
            old_price=old,
            new_price=new,
            effective_at=wish["effective_at"],
            reason=wish["reason"],
            by=creator.user,
            now=timezone.now(),
        )
        shown = price_changes.change_of_creator(creator, change.pk)
        return Response(ChangeOutput(shown).data, status=201)


class PreviewChange(APIView):
    @extend_schema(request=ChangePlannedInput, responses=PreviewOutput)
    def post(self, request: Request) -> Response:
        """Who would be told what and when. Nothing is kept."""
        old, new, wish = _change_asked(creator_of(request), request.data)
        shown = price_changes.preview(
            old=old, new=new, effective_at=wish["effective_at"], now=timezone.now()
        )
        return Response(PreviewOutput(shown).data)


class WithdrawChange(APIView):
    @extend_schema(request=None, responses=ChangeOutput)
    def post(self, request: Request, change_id: int) -> Response:
        """Take a change of price back before it holds: everybody keeps the old one."""
        creator = creator_of(request)
        change = price_changes.change_of_creator(creator, change_id)
        services.withdraw_price_change(change=change, by=creator.user, now=timezone.now())
        return Response(ChangeOutput(price_changes.change_of_creator(creator, change_id)).data)


class AnswerPrice(APIView):
    @extend_schema(request=AnswerInput, responses=SubscriptionOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        """Say yes or no to a new price; without a yes the subscription ends instead."""
        form = AnswerInput(data=request.data)
        form.is_valid(raise_exception=True)
        fan, agrees = profile(request), form.validated_data["agree"]
        answer = services.agree_to_price if agrees else services.refuse_price
        answer(subscription_id=public_id, fan=fan, now=timezone.now())
        return Response(SubscriptionOutput(selectors.subscription_for(fan, public_id)).data)


def _own(creator: Profile, public_id: uuid.UUID) -> Any:
    return OwnPlanOutput(owned.plan_owned(creator, public_id)).data


def _change_asked(creator: Profile, data: Any) -> tuple[Price, Price, dict[str, Any]]:
    """Read a wish to change a price of one's own.

    :raises PriceNotFound: it is another's, or nothing takes its place
    """
    form = ChangePlannedInput(data=data)
    form.is_valid(raise_exception=True)
    wish: dict[str, Any] = form.validated_data
    old = (
        Price.objects.filter(plan__creator=creator, public_id=wish["price"])
        .select_related("plan__creator__user", "plan__cluster")
        .first()
    )
    if old is None:
        raise errors.PriceNotFound()
    return old, owned.open_price_like(old), wish
