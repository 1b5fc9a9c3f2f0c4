"""Who bought what."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from apps.accounts.models import Profile
from apps.finance.purchases import errors
from apps.finance.purchases.choices import LIVE
from apps.finance.purchases.models import Purchase


def purchases_of(buyer: Profile) -> QuerySet[Purchase]:
    """Return what a profile bought or began to buy, the newest first."""
    return (
        Purchase.objects.filter(buyer=buyer)
        .select_related("item", "item__creator", "transaction", "transaction__merchant_account")
        .order_by("-id")
    )


def purchase_for(buyer: Profile, public_id: uuid.UUID) -> Purchase:
    """
    Return one purchase of a profile.

    :raises PurchaseNotFound: there is none by this id, or it is somebody else's
    """
    found = purchases_of(buyer).filter(public_id=public_id).first()
    if found is None:
        raise errors.PurchaseNotFound
    return found


def live_purchase(*, item_id: int, buyer_id: int) -> Purchase | None:
    """Return the purchase of an item that a buyer has or has begun; None if there is none."""
    return (
        Purchase.objects.select_related("transaction")
        .filter(item=item_id, buyer=buyer_id, state__in=sorted(LIVE), is_second=False)
        .first()
    )
