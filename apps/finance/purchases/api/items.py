"""Creators sell; fans look at what something costs and whether they have it."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import selectors as accounts
from apps.accounts.api.requests import profile
from apps.accounts.models import Profile
from apps.core.api.pagination import ById
from apps.core.idempotency import idempotent
from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments.api.going_on import KEY_HEADER
from apps.finance.purchases import errors, selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.api.serializers import (
    ItemForOutput,
    NewItemInput,
    OwnItemOutput,
    PriceInput,
)
from apps.finance.purchases.choices import Audience, ItemKind
from apps.finance.purchases.models import Item


class Items(generics.ListAPIView[Item]):
    """What I sell on this brand, the newest first; POST puts something up for sale."""

    serializer_class = OwnItemOutput
    pagination_class = ById
    queryset = Item.objects.none()

    def get_queryset(self) -> QuerySet[Item]:
        return selectors.items_of(profile(self.request)).select_related("creator", "recipient")

    @extend_schema(parameters=[KEY_HEADER], request=NewItemInput, responses={201: OwnItemOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        form = NewItemInput(data=request.data)
        form.is_valid(raise_exception=True)
        new, creator = form.validated_data, profile(request)
        item = purchases.create_item(
            creator=creator,
            new=purchases.NewItem(
                kind=ItemKind(new["kind"]),
                title=new["title"],
                price=new["price"],
                least_tier=new["least_tier"],
                audience=Audience(new["audience"]),
                recipient=_recipient(creator, new["recipient"]),
            ),
            now=timezone.now(),
        )
        return Response(OwnItemOutput(item).data, status=201)


class OneItem(APIView):
    """An item with its price, and whether I may see it. PATCH gives my own another price."""

    @extend_schema(responses=ItemForOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        who = profile(request)
        item = selectors.item_by_public_id(who, public_id)
        [access] = entitlements.access_to(
            who.pk, [selectors.thing_of(item, who)], now=timezone.now()
        )
        return Response(ItemForOutput({"item": item, "access": access}).data)

    @extend_schema(request=PriceInput, responses=OwnItemOutput)
    def patch(self, request: Request, public_id: uuid.UUID) -> Response:
        form = PriceInput(data=request.data)
        form.is_valid(raise_exception=True)
        who = profile(request)
        item = purchases.change_price(
            item_id=selectors.item_by_public_id(who, public_id).pk,
            creator=who,
            price=form.validated_data["price"],
            now=timezone.now(),
        )
        return Response(OwnItemOutput(item).data)


class Archive(APIView):
    """Take one of mine off sale; its buyers keep it."""

    @extend_schema(request=None, responses=OwnItemOutput)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        who = profile(request)
        item = purchases.archive_item(
            item_id=selectors.item_by_public_id(who, public_id).pk,
            creator=who,
            now=timezone.now(),
        )
        return Response(OwnItemOutput(item).data)


def _recipient(creator: Profile, handle: str) -> Profile | None:
    """
    :raises AudienceMalformed: nobody on the brand has this handle
    """
    if not handle:
        return None
    found = accounts.by_handle(creator.cluster, handle)
    if found is None:
        raise errors.AudienceMalformed(recipient=handle)
    return found
