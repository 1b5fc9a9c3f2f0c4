"""Staff give back what a buyer paid twice, where it could not be asked for by itself."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.accounts.models import User
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.selectors.given_back import room_of
from apps.finance.payments.services.refunds import request_refund
from apps.finance.purchases import errors
from apps.finance.purchases.models import Purchase
from apps.finance.purchases.services.follow import given_back_key

if TYPE_CHECKING:
    from apps.finance.payments.models import Refund


def give_back(*, purchase_id: int, by: User, reason: str, now: datetime) -> Refund:
    """
    Ask that all that is left of a purchase that was paid twice goes back, the way it came.

    The same as asking for a refund of its payment, by the same rights and limits; asking again
    returns the first refund. The purchase follows once the money is back.

    :raises PurchaseNotFound: there is none, it was not paid twice, or ``by`` may not give back
    :raises: what ``payments`` says to a refund
    """
    purchase = (
        Purchase.objects.select_related("transaction")
        .filter(pk=purchase_id, is_second=True, transaction__isnull=False)
        .first()
    )
    if purchase is None or not by.has_perm("purchases.give_back_purchase"):
        raise errors.PurchaseNotFound
    assert purchase.transaction is not None  # noqa: S101 - asked for above
    key = given_back_key(purchase)
    first = purchase.transaction.refunds.filter(key=key).first()
    if first is not None:
        return first
    return request_refund(
        transaction_id=purchase.transaction.pk,
        amount=room_of(purchase.transaction),
        reason_code=RefundReason.DUPLICATE,
        reason=reason,
        key=key,
        by=by,
        now=now,
    )
