"""What Vendo's postbacks and its reconciliation say.

The reconciliation's rows are documented by the SDK's fixtures. The names in postbacks are not
public: ``postback_types`` and the fields here are to be compared with the account's papers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Account,
    Disputed,
    LookedUp,
    Means,
    Notice,
    Sale,
    Sold,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.exchange import GatewayTrouble, first, kept
from apps.finance.payments.adapters.strict import check_text, money, read_xml

TYPES = {
    "sale": Told.PAID,
    "decline": Told.DECLINED,
    "rebill": Told.RENEWED,
    "rebill_decline": Told.RENEWAL_FAILED,
    "refund": Told.REFUNDED,
    "chargeback": Told.CHARGEBACK,
    "cancel": Told.RENEWAL_ENDED,
}
_ABOUT_MONEY = frozenset({Told.PAID, Told.RENEWED, Told.REFUNDED, Told.CHARGEBACK})
_ABOUT_ANOTHER = frozenset(
    {Told.RENEWED, Told.RENEWAL_FAILED, Told.REFUNDED, Told.CHARGEBACK, Told.RENEWAL_ENDED}
)
_FACTS = ("type", "subscription_id", "original_transaction_id", "card_brand", "last_four")
_SALE_TYPES = frozenset({"10"})


def read(fields: Mapping[str, str]) -> Notice:
    """
    Read a postback whose signature was checked.

    :raises Unreadable: it names no transaction, or no amount where money moved
    """
    check_text(fields)
    kind, transaction = fields.get("type", ""), fields.get("transaction_id", "")
    told = TYPES.get(kind, Told.NEEDS_STAFF)
    subscription = fields.get("subscription_id", "")
    if not transaction and not subscription:
        raise Unreadable("nothing tells this delivery from others")
    original = fields.get("original_transaction_id", "")
    stamp = "" if transaction and told in _ABOUT_MONEY else ":" + fields.get("date_time", "")
    sale = told is Told.PAID
    return Notice(
        event_type=kind[:40] or "postback",
        told=told,
        dedupe_key=f"{kind}:{transaction or subscription}{stamp}"[:120],
        account=Account(fields.get("merchant_id", ""), fields.get("site_id", "")),
        token=fields.get("merchant_reference", ""),
        reference=(original if told in _ABOUT_ANOTHER and original else transaction)[:40],
        gateway_transaction=((subscription or transaction) if sale else transaction)[:40],
        amount=_amount(fields, told),
        occurred_at=clock(fields.get("date_time", "")),
        code=fields.get("error_code", "")[:40],
        reason=fields.get("error_message", "")[:200],
        means=_means(fields),
        dispute=Disputed(transaction[:80]) if told is Told.CHARGEBACK else None,
        facts=kept(fields, _FACTS),
    )


def read_reconciliation(body: bytes, sold: Sold) -> LookedUp:
    """
    Find a sale in a reconciliation, by its number or our reference.

    :raises GatewayTrouble: it reports an error, or has another form
    """
    try:
        root = read_xml(body)
    except Unreadable as error:
        raise GatewayTrouble(what="not XML") from error
    if root.tag != "reconciliation":
        raise GatewayTrouble(code=root.get("code", "")[:20])
    rows = [row for each in root.iter("row") for row in each.iter("transaction")]
    sales = [row for row in rows if _text(row, "type") in _SALE_TYPES and _is_mine(row, sold)]
    if not sales:
        return LookedUp(Sale.NOT_FOUND)
    sale, number = sales[0], sales[0].get("id", "")
    undone = any(
        _text(row, "originalTransactionID") == number and _text(row, "isNegative") == "1"
        for row in rows
    )
    return LookedUp(
        Sale.UNDONE if undone else Sale.PAID,
        clock(_text(sale, "dateTime")),
        token=_text(sale, "merchantReference"),
        reference=number[:40],
        amount=_charged(sale),
        facts={"type": _text(sale, "type")[:20], "siteID": _text(sale, "siteID")[:20]},
    )


def clock(text: str) -> datetime | None:
    """Read ``2026-01-15 12:00:00``, which is UTC; None when there is no such time in it."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _amount(fields: Mapping[str, str], told: Told) -> Money | None:
    price = fields.get("amount", "")
    if not price:
        if told in _ABOUT_MONEY:
            raise Unreadable("it tells no amount")
        return None
    return money(price.removeprefix("-"), fields.get("currency", ""))


def _means(fields: Mapping[str, str]) -> Means | None:
    token = first(fields, "payment_details_token")
    if not token:
        return None
    return Means(
        token=token[:200],
        brand=fields.get("card_brand", "")[:20],
        last4=fields.get("last_four", "")[:4],
        bin=fields.get("bin", "")[:8],
    )


def _is_mine(row: Element, sold: Sold) -> bool:
    if sold.reference:
        return row.get("id") == sold.reference
    return _text(row, "merchantReference") == sold.token


def _charged(row: Element) -> Money:
    """What the payer saw; the invoice, where nothing else was displayed."""
    for part in ("displayed", "invoice"):
        price, currency = _text(row, f"{part}/amount"), _text(row, f"{part}/currency")
        if price and currency:
            try:
                return money(price, currency)
            except Unreadable as error:
                raise GatewayTrouble(what="price") from error
    raise GatewayTrouble(what="no price")


def _text(row: Element, path: str) -> str:
    return (row.findtext(path) or "").strip()
