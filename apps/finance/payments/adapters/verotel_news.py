"""What Verotel's signed postbacks say (flexpay-doc, version 4)."""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Disputed,
    Means,
    Notice,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import first, kept
from apps.finance.payments.adapters.strict import money

#: A one-time purchase has a type and no event.
TOLD = {
    "": Told.PAID,
    "purchase": Told.PAID,
    "initial": Told.PAID,
    "rebill": Told.RENEWED,
    "cancel": Told.RENEWAL_ENDED,
    "expiry": Told.RENEWAL_ENDED,
    "credit": Told.REFUNDED,
    "chargeback": Told.CHARGEBACK,
}
_ABOUT_MONEY = frozenset({Told.PAID, Told.RENEWED, Told.REFUNDED, Told.CHARGEBACK})
_FACTS = (
    "type", "subscriptionType", "subscriptionPhase", "period", "nextChargeOn", "expiresOn",
    "paymentMethod", "CCBrand", "cancelledBy", "parentID",
)  # fmt: skip


def read(fields: Mapping[str, str]) -> Notice:
    """
    Read a postback whose signature was checked.

    :raises Unreadable: it names no sale, or tells no amount where money moved
    """
    event, sale = fields.get("event", ""), fields.get("saleID", "")
    transaction = fields.get("transactionID", "")
    told = TOLD.get(event, Told.NEEDS_STAFF)
    if not sale:
        raise Unreadable("it names no sale")
    if told in _ABOUT_MONEY and not transaction and event:
        raise Unreadable("it names no transaction")
    return Notice(
        event_type=(event or fields.get("type", "purchase"))[:40],
        told=told,
        dedupe_key=_key(event or "purchase", told, fields),
        account=Account(fields.get("shopID", "")),
        token=fields.get("referenceID", ""),
        reference=sale[:40],
        gateway_transaction=transaction[:40],
        amount=_amount(told, fields),
        means=_means(fields),
        dispute=_dispute(told, fields),
        facts=kept(fields, _FACTS),
    )


def _key(event: str, told: Told, fields: Mapping[str, str]) -> str:
    """A subscription can be cancelled, taken up again and cancelled again: its end tells them."""
    if told in _ABOUT_MONEY and fields.get("transactionID"):
        return f"{event}:{fields['transactionID']}"[:120]
    end = first(fields, "expiresOn", "nextChargeOn", "transactionID")
    return f"{event}:{fields['saleID']}:{end}"[:120]


def _amount(told: Told, fields: Mapping[str, str]) -> Money | None:
    """``amount`` is what moved, ``priceAmount`` the order's price; a credit may be negative."""
    sale = told is Told.PAID
    price = first(fields, *(("priceAmount", "amount") if sale else ("amount", "priceAmount")))
    currency = first(
        fields, *(("priceCurrency", "currency") if sale else ("currency", "priceCurrency"))
    )
    if not price:
        if told in _ABOUT_MONEY:
            raise Unreadable("it tells no amount")
        return None
    return money(price.removeprefix("-"), currency)


def _means(fields: Mapping[str, str]) -> Means | None:
    token = fields.get("oneClickToken", "")
    if not token:
        return None
    return Means(
        token=token[:80],
        brand=fields.get("CCBrand", "")[:20],
        last4=fields.get("truncatedPAN", "")[-4:],
    )


def _dispute(told: Told, fields: Mapping[str, str]) -> Disputed | None:
    if told is not Told.CHARGEBACK:
        return None
    return Disputed(reference=first(fields, "transactionID", "parentID", "saleID")[:80])
