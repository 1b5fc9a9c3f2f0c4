"""What a gateway's answer about a sale means for a payment."""

from __future__ import annotations

from enum import Enum

from apps.core.money import Money
from apps.finance.payments.adapters.base import LookedUp, Sale
from apps.finance.payments.rules.waiting import NOT_FOUND_IS_FINAL_AFTER


class Verdict(Enum):
    PAID = "paid, and it is this order at this price"
    COMPARE = "paid, but nobody says for which order"
    MISFIT = "paid, but another order or price"
    UNDONE = "The gateway has undone the sale"
    DECLINED = "The gateway says it was declined"
    NEVER_MADE = "The gateway knows of no such charge"
    LATER = "not clear yet"


def judge(
    answer: LookedUp | None,
    *,
    token: str,
    amount: Money,
    proves: bool,
    we_charged: bool,
    look_ups: int,
) -> Verdict:
    """
    Say what an answer means; None stands for no usable answer.

    ``proves``: the gateway names order and price. ``we_charged``: we sent the charge, so that a
    gateway which is asked by our order and does not know it, several times, never got it. A payer
    at the gateway's page may still pay, so there it means nothing.
    """
    if answer is None:
        return Verdict.LATER
    if answer.sale is Sale.PAID:
        return _of_paid(answer, token, amount, proves=proves)
    if answer.sale is Sale.UNDONE:
        return Verdict.UNDONE
    if answer.sale is Sale.DECLINED and we_charged:
        return Verdict.DECLINED
    if answer.sale is Sale.NOT_FOUND and proves and we_charged:
        return Verdict.NEVER_MADE if look_ups >= NOT_FOUND_IS_FINAL_AFTER else Verdict.LATER
    return Verdict.LATER


def _of_paid(answer: LookedUp, token: str, amount: Money, *, proves: bool) -> Verdict:
    if not proves:
        return Verdict.COMPARE
    fits = answer.token == token and answer.amount == amount
    return Verdict.PAID if fits else Verdict.MISFIT
