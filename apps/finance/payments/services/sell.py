"""Sales that a wallet pays: captured and booked at once."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import limits
from apps.finance.payments.services.move import capture
from apps.finance.payments.services.opening import first_by_key, open_inside
from apps.finance.payments.services.purchase import Purchase, wish_of
from apps.finance.tax.selectors import Buyer


@joins_transaction
def sell_from_wallet(purchase: Purchase, *, now: datetime) -> Transaction:
    """
    Sell to a fan's wallet on this brand; captured and booked in the caller's transaction.

    After a refusal nothing is kept of it, and the caller's transaction can go on. Calling again
    with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises InsufficientWallet: the wallet holds less
    :raises CreatorNotFound, NotACreator, TipToOneself, SoldToOneself: see ``purchase.wish_of``
    :raises SpendingLimitReached: a limit of the fan's own would be broken
    :raises NotForSale: it is no sale, names nothing, or its occasion is not one of its kind
    :raises AmountOutOfRange, CurrencyNotOffered: see ``limits.check_wallet_sale``
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    wish = wish_of(purchase, Method.WALLET)
    if (first := first_by_key(wish)) is not None:
        return first
    limits.check_wallet_sale(purchase.kind, purchase.amount)
    with atomic():
        transaction, is_new = open_inside(wish, now=now)
        if not is_new:
            return transaction
        try:
            capture(transaction=transaction, now=now, reason="Paid from the wallet")
        except ledger_errors.InsufficientFunds as error:
            raise errors.InsufficientWallet(
                amount=str(transaction.amount.decimal), currency=transaction.currency
            ) from error
    return transaction


@atomic
def tip_from_wallet(
    *,
    fan: Profile,
    creator: Profile,
    amount: Money,
    message: str,
    idempotency_key: str,
    now: datetime,
    buyer: Buyer | None = None,
    subject: str = "",
) -> Transaction:
    """
    Tip from the fan's wallet on this brand: ``sell_from_wallet``, in a transaction of its own.

    ``subject`` names what the tip is for, a goal (``goal:4``).
    """
    return sell_from_wallet(
        Purchase(
            fan, creator, Kind.TIP, amount, subject, idempotency_key, message=message, buyer=buyer
        ),
        now=now,
    )
