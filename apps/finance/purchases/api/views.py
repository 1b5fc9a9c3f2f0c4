"""Fans buy, and see what they bought."""

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
from apps.core.api.pagination import ById
from apps.core.idempotency import idempotent, key_of
from apps.core.middleware import client_country
from apps.finance.payments.api.going_on import KEY_HEADER, pay_by, started
from apps.finance.payments.choices import Method
from apps.finance.purchases import errors, selectors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.api.serializers import BegunOutput, BuyInput, PurchaseOutput
from apps.finance.purchases.models import Purchase
from apps.finance.tax.selectors import Buyer


class Purchases(generics.ListAPIView[Purchase]):
    """What I bought on this brand, the newest first; POST buys."""

    serializer_class = PurchaseOutput
    pagination_class = ById
    queryset = Purchase.objects.none()

    def get_queryset(self) -> QuerySet[Purchase]:
        return selectors.purchases_of(profile(self.request))

    @extend_schema(parameters=[KEY_HEADER], request=BuyInput, responses={201: BegunOutput})
    @idempotent
    def post(self, request: Request) -> Response:
        form = BuyInput(data=request.data)
        form.is_valid(raise_exception=True)
        asked, buyer, now = form.validated_data, profile(request), timezone.now()
        wish = purchases.Wish(
            buyer=buyer,
            item_id=selectors.item_by_public_id(buyer, asked["item"]).pk,
            price_seen=asked["price_seen"],
            key=key_of(request),
            place=Buyer(asked["buyer_country"], client_country(request)),
        )
        if asked["method"] == Method.WALLET:
            purchase = purchases.buy_from_wallet(wish, now=now)
        else:
            purchase = purchases.start_purchase(
                wish, now=now, method=Method(asked["method"]), pay_by=pay_by(request, asked)
            )
        return _begun(request, purchase)


class OnePurchase(APIView):
    @extend_schema(responses=PurchaseOutput)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        purchase = selectors.purchase_for(profile(request), public_id)
        return Response(PurchaseOutput(purchase).data)


def _begun(request: Request, purchase: Purchase) -> Response:
    """Answer with the payment and where its buyer goes on.

    :raises PurchaseNotFound: its payment was refused when the key was first used
    """
    if purchase.transaction is None:
        raise errors.PurchaseNotFound
    went_on = started(request, purchase.transaction)
    body = {"purchase": PurchaseOutput(purchase).data, **went_on.data}
    return Response(body, status=went_on.status_code)
