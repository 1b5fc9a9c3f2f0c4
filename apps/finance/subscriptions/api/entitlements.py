"""HTTP for who may see what; refused alone, a thing answers with what to buy."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api.requests import profile
from apps.core.api import problems
from apps.core.api.fields import MoneyField
from apps.finance.entitlements.choices import Why
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.api.serializers import PlanBrief
from apps.finance.subscriptions.choices import WayIn
from apps.finance.subscriptions.selectors import access

PAYMENT_REQUIRED = 402
CODE = "subscriptions.payment_required"
THING = OpenApiParameter(
    "thing",
    str,
    many=True,
    required=True,
    description="`creator:<handle>` (any plan), `creator:<handle>:<tier>`, or an item's name such"
    " as `item:9`. Repeat it for up to 100 things.",
)


class EntitlementOutput(serializers.Serializer[Any]):
    thing = serializers.CharField()
    allowed = serializers.BooleanField()
    why = serializers.ChoiceField(
        choices=[*Why.choices, ("UNKNOWN", "No such thing here")],
        help_text="OWN, FREE, SUBSCRIBED and BOUGHT let in.",
    )
    until = serializers.DateTimeField(
        allow_null=True, help_text="Until when, null: no end. Refused: since when."
    )


class EntitlementsOutput(serializers.Serializer[Any]):
    results = EntitlementOutput(many=True)


class ToBuyOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=WayIn.choices, source="way")
    due_today = MoneyField(source="due", help_text="Before tax that comes on top.")
    price = MoneyField(help_text="Of a period, or of the item.")
    plan = PlanBrief(allow_null=True)
    price_id = serializers.UUIDField(source="plan_price.public_id", default=None, allow_null=True)
    months = serializers.IntegerField(
        source="plan_price.months", default=None, allow_null=True,
        help_text="Of a period; 0: for life.",
    )  # fmt: skip
    trial_days = serializers.IntegerField()
    item = serializers.UUIDField(source="item.public_id", default=None, allow_null=True)
    subscription = serializers.UUIDField(
        source="subscription.public_id", default=None, allow_null=True,
        help_text="Mine, that PAY, RESUME and CHANGE are about.",
    )  # fmt: skip


class PaymentRequired(serializers.Serializer[Any]):
    """RFC 9457, with what would let the person in."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    instance = serializers.CharField()
    code = serializers.CharField()
    thing = serializers.CharField()
    why = serializers.CharField()
    offers = ToBuyOutput(many=True)


class Entitlements(APIView):
    """Whether I may see these things, in the order asked."""

    @extend_schema(
        operation_id="entitlements_list", parameters=[THING], responses=EntitlementsOutput
    )
    def get(self, request: Request) -> Response:
        names = request.query_params.getlist("thing")
        if not names:
            raise serializers.ValidationError({"thing": "Name at least one."}, code="required")
        answers = access.access_of(profile(request), names, now=timezone.now())
        rows = [_row(answer) for answer in answers]
        return Response(EntitlementsOutput({"results": rows}).data)


class OneEntitlement(APIView):
    """Whether I may see one thing; 402 says what to buy."""

    @extend_schema(responses={200: EntitlementOutput, (402, problems.MEDIA_TYPE): PaymentRequired})
    def get(self, request: Request, thing: str) -> Response:
        who, now = profile(request), timezone.now()
        [answer] = access.access_of(who, [thing], now=now)
        if answer.access is None:
            raise errors.ThingNotFound()
        if answer.access.allowed:
            return Response(EntitlementOutput(_row(answer)).data)
        ways = access.ways_in(who, answer.access, now=now)
        words = ways.note or ("The offers say what lets you in." if ways.offers else "")
        document = problems.problem(
            status=PAYMENT_REQUIRED,
            code=CODE,
            detail=f"{answer.access.why.label}. {words}".strip(),
            instance=request.path,
            thing=thing,
            why=answer.access.why.value,
            offers=ToBuyOutput(ways.offers, many=True).data,
        )
        return Response(document, status=PAYMENT_REQUIRED, content_type=problems.MEDIA_TYPE)


def _row(answer: access.Answer) -> dict[str, Any]:
    found = answer.access
    return {
        "thing": answer.name,
        "allowed": bool(found and found.allowed),
        "why": found.why.value if found else "UNKNOWN",
        "until": found.until if found else None,
    }
