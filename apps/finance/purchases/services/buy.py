"""Fans buy: from the wallet at once, or by card and other ways through the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import selectors as payments_selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.rules import limits
from apps.finance.purchases import errors, rules
from apps.finance.purchases.choices import PurchaseState
from apps.finance.purchases.models import Purchase
from apps.finance.purchases.selectors.items import check_for_sale, item_for
from apps.finance.purchases.selectors.purchases import live_purchase
from apps.finance.purchases.services.follow import settle
from apps.finance.tax.selectors import Buyer

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction
    from apps.finance.purchases.models import Item


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to buy. ``price_seen`` is the price that was shown, before tax on top.

    ``key`` names the wish for ever: the same one is one purchase. ``place`` is where the buyer
    is, needed where the brand collects tax.
    """

    buyer: Profile
    item_id: int
    price_seen: Money
    key: str
    place: Buyer | None = None


@atomic
def buy_from_wallet(wish: Wish, *, now: datetime) -> Purchase:
    """
    Buy from the buyer's wallet on this brand: paid, booked and open at once, or nothing.

    Calling again with the same key returns the first purchase.

    :raises ItemNotFound: there is no such item on the buyer's brand
    :raises OwnItem, ItemArchived, MessageNotForYou, SubscribersOnly: see ``check_for_sale``
    :raises AgeNotVerified, Underage: the buyer is not known to be an adult
    :raises CurrencyDiffers, PriceChanged: it does not cost what was shown
    :raises AlreadyBought, PurchaseDisputed: the buyer has it, or had it
    :raises PaymentUnderWay: a payment for it is on its way
    :raises KeyReused: the key bought something else
    :raises InsufficientWallet, and what else ``payments.sell_from_wallet`` raises
    """
    purchase, is_new = _begin(wish, now=now)
    if not is_new:
        return purchase
    transaction = payments.sell_from_wallet(_as_sale(purchase, wish), now=now)
    return _attached(purchase, transaction, now=now)


def start_purchase(
    wish: Wish,
    *,
    now: datetime,
    method: Method = Method.CARD,
    pay_by: payments.PayBy | None = None,
) -> Purchase:
    """
    Begin to buy outside the wallet: the buyer goes on at the payment's checkout. Nothing is
    booked yet; the item opens when the payment is captured.

    Calling again with the same key returns the first purchase. A begun one that nobody has paid
    gives way to a new one; should both be paid, the second gives its money back.

    :raises: what ``buy_from_wallet`` raises before the wallet, and what ``payments.start_sale``
        does; a payment that risk refused is kept, with its purchase as not paid
    """
    with atomic():
        purchase, is_new = _begin(wish, now=now)
        if not is_new:
            return purchase
        refusal: DomainError | None = None
        transaction: Transaction | None
        try:
            transaction = payments.start_sale(
                _as_sale(purchase, wish), now=now, method=method, pay_by=pay_by
            )
        except DomainError as error:
            refusal, transaction = error, _kept(purchase)
        if transaction is None:
            purchase.delete()
        else:
            purchase = _attached(purchase, transaction, now=now)
    if refusal is not None:
        raise refusal
    return purchase


@joins_transaction
def _begin(wish: Wish, *, now: datetime) -> tuple[Purchase, bool]:
    """Return the purchase of a wish, and whether it is new; the buyer's others wait for it."""
    limits.check_words(message="", idempotency_key=wish.key)
    buyer = (
        Profile.objects.select_for_update(no_key=True, of=("self",))
        .select_related("user", "cluster")
        .get(pk=wish.buyer.pk)
    )
    if (first := _first(wish)) is not None:
        return first, False
    item = item_for(buyer, wish.item_id)
    check_for_sale(item, buyer, now=now)
    accounts.check_may_buy(buyer.user)
    if wish.price_seen.currency != item.currency:
        raise errors.CurrencyDiffers(currency=wish.price_seen.currency, sold_in=item.currency)
    if wish.price_seen != item.price:
        raise errors.PriceChanged(seen=str(wish.price_seen), price=str(item.price))
    _make_way(item, buyer, now=now)
    purchase = Purchase.objects.create(
        item=item,
        buyer=buyer,
        cluster=buyer.cluster,
        key=wish.key,
        price_minor=item.price_minor,
        currency=item.currency,
        state=PurchaseState.PENDING,
        created_at=now,
    )
    return purchase, True


def _first(wish: Wish) -> Purchase | None:
    first = (
        Purchase.objects.select_related("transaction", "item")
        .filter(buyer=wish.buyer, key=wish.key)
        .first()
    )
    if first and (first.item_id, first.price) != (wish.item_id, wish.price_seen):
        raise errors.KeyReused(purchase=str(first.public_id))
    return first


def _make_way(item: Item, buyer: Profile, *, now: datetime) -> None:
    """Refuse while the buyer has it; a begun one that nobody has paid is given up."""
    live = live_purchase(item_id=item.pk, buyer_id=buyer.pk)
    if live is None:
        return
    if live.state == PurchaseState.PAID:
        raise errors.AlreadyBought(purchase=str(live.public_id))
    if live.state == PurchaseState.DISPUTED:
        raise errors.PurchaseDisputed
    status = live.transaction.status if live.transaction else ""
    if status in rules.UNDER_WAY:
        raise errors.PaymentUnderWay
    # The word of its capture may not have arrived yet.
    if rules.state_of(status) in {PurchaseState.PAID, PurchaseState.DISPUTED}:
        raise errors.AlreadyBought(purchase=str(live.public_id))
    live.state, live.ended_at = PurchaseState.ABANDONED, now
    live.save(update_fields=["state", "ended_at"])


def _as_sale(purchase: Purchase, wish: Wish) -> payments.Purchase:
    item = purchase.item
    return payments.Purchase(
        fan=purchase.buyer,
        creator=item.creator,
        kind=Kind(item.kind),
        amount=purchase.price,
        subject=f"item:{item.pk}",
        # Its public id, which nobody can guess and use up beforehand.
        idempotency_key=f"purchase:{purchase.public_id}",
        buyer=wish.place,
    )


def _kept(purchase: Purchase) -> Transaction | None:
    """Return the payment that was kept though it was refused."""
    return (
        payments_selectors.transactions_of(purchase.buyer)
        .filter(payer=purchase.buyer, idempotency_key=f"purchase:{purchase.public_id}")
        .first()
    )


def _attached(purchase: Purchase, transaction: Transaction, *, now: datetime) -> Purchase:
    purchase.transaction = transaction
    purchase.save(update_fields=["transaction"])
    return settle(purchase, status=transaction.status, now=now)
