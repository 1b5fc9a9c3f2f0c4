"""What NMI's Query API answers about an order or a transaction. Its form is from memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element

from apps.core.money import Money
from apps.finance.payments.adapters import strict
from apps.finance.payments.adapters.answers import GatewayTrouble
from apps.finance.payments.adapters.base import LookedUp, Sale, Unreadable

_SALES: Final = {
    "pendingsettlement": Sale.PAID,
    "complete": Sale.PAID,
    "pending": Sale.PENDING,
    "in_progress": Sale.PENDING,
    "unknown": Sale.PENDING,
    "failed": Sale.DECLINED,
    "canceled": Sale.UNDONE,
    "abandoned": Sale.DECLINED,
}
_CHARGES: Final = frozenset({"sale", "auth", "capture"})


def read(body: bytes, *, order: str = "") -> LookedUp:
    """
    Read the transactions of ``order``, or the one that was asked for.

    An order that was paid twice says so in its facts; staff must look then.

    :raises GatewayTrouble: another form, or an error instead of an answer
    """
    try:
        root = strict.read_xml(body)
        if root.tag != "nm_response" or root.find("error_response") is not None:
            raise GatewayTrouble(what=(root.findtext("error_response") or root.tag)[:100])
        found = [_sale(each) for each in root.iter("transaction") if _is_sale(each, order)]
        back = _refunds(root, order)
    except Unreadable as error:
        raise GatewayTrouble(what=str(error)[:100]) from error
    ranks = list(Sale)
    best = min(found, key=lambda each: ranks.index(each.sale), default=LookedUp(Sale.NOT_FOUND))
    paid = [each for each in found if each.sale is Sale.PAID]
    if len(paid) > 1:
        best.facts["also_paid"] = ",".join(each.reference for each in paid[1:])[:200]
    return _with_refunds(best, back)


def _with_refunds(best: LookedUp, back: list[Money]) -> LookedUp:
    same = [each for each in back if best.amount and each.currency == best.amount.currency]
    if not best.amount or not same:
        return best
    total = Money(sum(each.minor for each in same), best.amount.currency)
    whole = total == best.amount and best.sale is Sale.PAID
    return LookedUp(
        Sale.UNDONE if whole else best.sale,
        best.since,
        best.token,
        best.reference,
        best.amount,
        total,
        facts=best.facts,
    )


def _is_sale(transaction: Element, order: str) -> bool:
    """A refund is a transaction of its own, under the same order."""
    if order and _text(transaction, "order_id") != order:
        return False
    return any(_text(each, "action_type") in _CHARGES for each in transaction.iter("action"))


def _sale(transaction: Element) -> LookedUp:
    condition = _text(transaction, "condition")
    if condition not in _SALES:
        raise GatewayTrouble(condition=condition[:40])
    taken = [each for each in _done(transaction) if _text(each, "action_type") in _CHARGES]
    currency = _text(transaction, "currency")
    amount = None
    if taken and currency:
        amount = strict.money(_text(taken[0], "amount"), currency)
    return LookedUp(
        _SALES[condition],
        since=time_of(_text(taken[0], "date")) if taken else None,
        token=_text(transaction, "order_id"),
        reference=_text(transaction, "transaction_id")[:80],
        amount=amount,
        facts={"condition": condition},
    )


def _refunds(root: Element, order: str) -> list[Money]:
    found = []
    for transaction in root.iter("transaction"):
        if order and _text(transaction, "order_id") != order:
            continue
        currency = _text(transaction, "currency")
        for action in _done(transaction):
            if _text(action, "action_type") == "refund" and currency:
                back = strict.money(_text(action, "amount").lstrip("-"), currency)
                found.append(back)
    return found


def _done(transaction: Element) -> Iterator[Element]:
    return (each for each in transaction.iter("action") if _text(each, "success") == "1")


def time_of(text: str) -> datetime | None:
    """Read ``YYYYMMDDhhmmss`` as UTC; None when there is no such time in it."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()
