"""Creators collect for goals; fans tip towards them."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.accounts.api.requests import actor, profile
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country
from apps.finance.payments.api.going_on import KEY_HEADER, pay_by, started
from apps.finance.payments.api.serializers import StartedOutput
from apps.finance.payments.choices import Method
from apps.finance.purchases import errors, selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.api.serializers import GoalOutput, GoalTipInput, NewGoalInput
from apps.finance.purchases.models import Goal
from apps.finance.tax.selectors import Buyer


class Goals(APIView):
    """What a creator collects for now (``?creator=handle``; mine without); POST opens one."""

    @extend_schema(parameters=[OpenApiParameter("creator", str)], responses=GoalOutput(many=True))
    def get(self, request: Request) -> Response:
        who, handle = profile(request), request.query_params.get("creator", "")
        creator = accounts.creator_by_handle(who.cluster, handle) if handle else who
        if creator is None:
            raise errors.GoalNotFound
        return Response(GoalOutput(selectors.giving_to(creator), many=True).data)

    @extend_schema(parameters=[KEY_HEADER], request=NewGoalInput, responses={201: GoalOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        form = NewGoalInput(data=request.data)
        form.is_valid(raise_exception=True)
        goal = purchases.open_goal(
            creator=profile(request), now=timezone.now(), **form.validated_data
        )
        return Response(GoalOutput(goal).data, status=201)


class OneGoal(APIView):
    @extend_schema(responses=GoalOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(GoalOutput(selectors.goal_for(profile(request), public_id)).data)


class Close(APIView):
    """Stop collecting for one of mine; what was given stays given."""

    @extend_schema(request=None, responses=GoalOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        who = profile(request)
        goal = _own(selectors.goal_for(who, public_id), who.pk)
        closed = purchases.close_goal(
            goal_id=goal.pk, by=actor(request), reason="", now=timezone.now()
        )
        return Response(GoalOutput(closed).data)


class Tips(APIView):
    """Tip towards a goal; it counts once it is paid."""

    @extend_schema(parameters=[KEY_HEADER], request=GoalTipInput, responses={201: StartedOutput})
    @idempotent
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        form = GoalTipInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked, fan = form.validated_data, profile(request)
        tip: dict[str, Any] = {
            "goal": selectors.goal_for(fan, public_id),
            "fan": fan,
            "amount": asked["amount"],
            "message": asked["message"],
            "key": key_of(request),
            "now": timezone.now(),
            "place": Buyer(asked["buyer_country"], client_country(request)),
        }
        if asked["method"] == Method.WALLET:
            return started(request, purchases.tip_goal_from_wallet(**tip))
        begun = purchases.tip_goal(
            **tip, method=Method(asked["method"]), pay_by=pay_by(request, asked)
        )
        return started(request, begun)


def _own(goal: Goal, profile_id: int) -> Goal:
    """
    :raises GoalNotFound: it is another creator's
    """
    if goal.creator_id != profile_id:
        raise errors.GoalNotFound
    return goal
