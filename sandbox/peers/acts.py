"""What can happen to a sale, the same at every gateway: paid, refunded, taken back by a bank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.cards import CARDS, Outcome
from sandbox.peers import money
from sandbox.peers.call import Refusal
from sandbox.state import Happening, Sale

if TYPE_CHECKING:
    from sandbox.peers.base import Desk, Peer

PAID = frozenset({"paid"})
#: What a bank holder's name does, whatever the card: as Adyen's test cards do.
DECLINING_NAMES = ("DECLINED", "NOT_ENOUGH_BALANCE", "BLOCK_CARD", "CARD_EXPIRED")
BRANDS = {"4": "VISA", "5": "MASTERCARD", "3": "AMEX", "6": "DISCOVER"}
GOOD_CARD = "4111111111111111"

Given = Mapping[str, str]


def happen(desk: Desk, act: str, sale: Sale, given: Given) -> tuple[Sale, Happening]:
    """
    Change a sale; return the sale the news is about (a renewal is one of its own) and the news.

    :raises Refusal: unknown act, or it cannot happen to the sale as it is
    """
    if act not in ACTS:
        raise Refusal("act", f"Nothing called {act!r} can happen.", status=404)
    amount = given.get("amount") or ""
    wanted = money.amount(amount, sale.currency) if amount else ""
    about, told = ACTS[act](desk, sale, wanted, given)
    happening = Happening(
        id=about.transaction if act in {"pay", "renew", "authorise"} else desk.new_id("event"),
        act=told,
        amount=wanted or about.amount,
        at=desk.now.isoformat(),
        reason=given.get("reason", ""),
    )
    if act == "refund":
        happening.amount = wanted or str(left_of(sale))
        sale.refunded = str(Decimal(sale.refunded) + Decimal(happening.amount))
    about.happenings.append(happening)
    return about, happening


def left_of(sale: Sale) -> Decimal:
    """Return what of a sale has not been given back."""
    return Decimal(sale.amount) - Decimal(sale.refunded)


def card_of(peer: Peer, number: str, expiry: str, name: str) -> dict[str, str] | None:
    """Return what is kept of a card and what it does, or nothing for one that is no test card."""
    digits = number.replace(" ", "").replace("-", "")
    known = next((card for card in (*peer.cards, *CARDS) if card.number == digits), None)
    if known is None:
        return None
    month, _, year = expiry.partition("/")
    outcome = known.outcome
    if any(name.strip().upper().startswith(word) for word in DECLINING_NAMES):
        outcome = Outcome.DECLINE
    return {
        "outcome": outcome,
        "holder": name.strip(),
        "brand": BRANDS.get(digits[0], "VISA"),
        "bin": digits[:6],
        "last4": digits[-4:],
        "month": month.strip().zfill(2) if month.strip() else "12",
        "year": f"20{year.strip()[-2:]}" if year.strip() else "2040",
        "country": "US",
        "fingerprint": hashlib.sha256(digits.encode()).hexdigest()[:24],
    }


def _pay(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in {"open", "pending", "authorised", "declined"}:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.card = sale.card or card_of(desk.peer, GOOD_CARD, "", given.get("name", "")) or {}
    sale.transaction = sale.transaction or desk.new_id("transaction")
    sale.token = sale.token or desk.new_id("token")
    sale.status = "paid"
    return sale, "pay"


def _authorise(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    _pay(desk, sale, amount, given)
    sale.status = "authorised"
    return sale, "authorise"


def _decline(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in {"open", "pending", "declined"}:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.card = sale.card or card_of(desk.peer, "4000000000000002", "", "") or {}
    sale.transaction = sale.transaction or desk.new_id("transaction")
    sale.status = "declined"
    return sale, "decline"


def _expire(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in {"open", "pending"}:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.status = "cancelled"
    return sale, "expire"


def _part_pay(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in {"open", "pending"}:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.transaction = sale.transaction or desk.new_id("transaction")
    sale.status = "pending"
    return sale, "part_pay"


def _renew(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in PAID or sale.cancelled_at:
        raise Refusal("state", "The subscription has ended.", status=409)
    if given.get("declined"):
        return sale, "renew_failed"
    child = desk.open(
        desk.merchant_of(sale),
        order=sale.order,
        amount=amount or sale.given.get("recurring_amount") or sale.amount,
        currency=sale.currency,
        given=sale.given,
        again=False,
    )
    child.parent, child.card, child.token = sale.reference, sale.card, sale.token
    child.transaction, child.status = desk.new_id("transaction"), "paid"
    return child, "renew"


def _refund(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in PAID:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    if left_of(sale) <= 0 or Decimal(amount or "0") > left_of(sale):
        raise Refusal("too_much", "The refund exceeds what is left.", status=422)
    return sale, "refund"


def _void(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in {"paid", "authorised"} or Decimal(sale.refunded):
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.status, sale.refunded = "voided", sale.amount
    return sale, "void"


def _cancel(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.cancelled_at:
        raise Refusal("already", "This sale is already cancelled.", status=412)
    sale.cancelled_at = desk.now.isoformat()
    return sale, "cancel"


def _chargeback(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status not in PAID:
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.status = "charged_back"
    return sale, "chargeback"


def _dispute_won(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status != "charged_back":
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    sale.status = "paid"
    return sale, "dispute_won"


def _dispute_lost(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
    if sale.status != "charged_back":
        raise Refusal("state", f"The sale is {sale.status}.", status=409)
    return sale, "dispute_lost"


def _heard(act: str) -> Callable[[Desk, Sale, str, Given], tuple[Sale, str]]:
    """Return an act that changes nothing but is told."""

    def heard(desk: Desk, sale: Sale, amount: str, given: Given) -> tuple[Sale, str]:
        if sale.status not in PAID:
            raise Refusal("state", f"The sale is {sale.status}.", status=409)
        return sale, act

    return heard


ACTS: dict[str, Callable[[Desk, Sale, str, Given], tuple[Sale, str]]] = {
    "pay": _pay,
    "authorise": _authorise,
    "decline": _decline,
    "expire": _expire,
    "part_pay": _part_pay,
    "renew": _renew,
    "refund": _refund,
    "void": _void,
    "cancel": _cancel,
    "chargeback": _chargeback,
    "dispute_won": _dispute_won,
    "dispute_lost": _dispute_lost,
    "alert": _heard("alert"),
    "fraud_report": _heard("fraud_report"),
}


def case_of(sale: Sale, happening: Happening) -> str:
    """Return the id of the dispute the news belongs to: that of its first chargeback or alert."""
    first = [each.id for each in sale.happenings if each.act in {"chargeback", "alert"}]
    return first[0] if first else happening.id
