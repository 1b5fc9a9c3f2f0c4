"""What a fan agrees to, word for word, on the screen where it is confirmed.

Card networks want on that screen, without a click or a scroll: price, currency, how often, how
long a trial is, when the first charge is and of what, what is charged after the trial, the text of
the statement, and how to cancel (Mastercard's rules for subscription merchants; Visa's policy for
subscriptions of 18 April 2020; 15 USC 8403, ROSCA). The text is kept with its hash as the proof of
consent.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from apps.core.money import Money

#: How often a price is charged, in words.
PERIODS = {0: "", 1: "month", 3: "3 months", 6: "6 months", 12: "year", 24: "2 years"}
CANCEL_HOW = (
    "Cancel at any time with one click: My subscriptions, Cancel. Nothing is charged after that, "
    "and access stays until the end of what is paid."
)

_STATEMENT = "On your statement: "
_TAX = "Tax may be added where your place demands it."


@dataclass(frozen=True, slots=True)
class Facts:
    """``due`` is charged today, ``tax`` of it is tax; ``price`` is that of a full period. All
    amounts are what is taken, with the tax that comes on top.

    Days are those of the fan's time zone. ``next_amount`` (``next_tax`` of it tax) and ``next_on``
    are the charge after today's; None: there is none. ``cheaper`` is the price with the offer,
    which holds for ``cheaper_for`` charges after the next one; None: for all.
    """

    brand: str
    creator: str
    plan: str
    months: int
    price: Money
    due: Money
    tax: Money
    descriptor: str
    trial_days: int = 0
    trial_ends: date | None = None
    next_amount: Money | None = None
    next_on: date | None = None
    next_tax: Money | None = None
    promotion: str = ""
    cheaper: Money | None = None
    cheaper_for: int | None = 0
    in_proportion: bool = False


def period_words(months: int) -> str:
    """Return ``month``, ``3 months``, ``year``; empty for what is paid once."""
    return PERIODS.get(months, f"{months} months")


def after_words(
    *, full: Money, cheaper: Money | None, cheaper_for: int | None, months: int
) -> str:
    """
    Return what is charged after a charge: ``$12.00 every month``, or with an offer that goes on
    ``2 at $6.00 each, then $12.00 every month``; empty where nothing is.

    ``cheaper`` is the price with the offer, good for ``cheaper_for`` more charges; None: for all.
    """
    if not months:
        return ""
    every = f"every {period_words(months)}"
    if cheaper is None or cheaper_for == 0:
        return f"{full.formatted} {every}"
    if cheaper_for is None:
        return f"{cheaper.formatted} {every}"
    return f"{cheaper_for} at {cheaper.formatted} each, then {full.formatted} {every}"


def text_of(facts: Facts) -> str:
    """Return the terms, a sentence a line, in the same words for the same facts."""
    begins = f"You subscribe to {facts.creator} on {facts.brand}: {facts.plan}."
    return "\n".join([begins, *_today(facts), *_rest(facts)])


def text_of_change(facts: Facts, *, credit: Money, begins: date | None) -> str:
    """Return the terms of a change of plan: from ``begins`` on, or at once (None), where
    ``credit`` for what was paid and not used is taken off already."""
    lines = [f"You change to {facts.plan} of {facts.creator} on {facts.brand}."]
    if begins is not None:
        lines.append(f"It holds from {begins.isoformat()} on. Nothing is charged today.")
    else:
        lines += _today(facts)
    if credit:
        lines.append(f"{credit.formatted} for what you paid and did not use is taken off already.")
    if facts.months == 0 and begins is not None:
        lines.append(f"Charged once, then: {facts.price.formatted} {facts.price.currency}.")
    return "\n".join([*lines, *_rest(facts)])


def _rest(facts: Facts) -> list[str]:
    lines = _later(facts)
    if facts.promotion:
        lines.append(f"Offer: {facts.promotion}.")
    lines.append(
        f"{_STATEMENT}{facts.descriptor}."
        if facts.descriptor
        else "Paid from your wallet: nothing is charged to a card."
    )
    if facts.next_amount is not None:
        lines.append(CANCEL_HOW)
    return lines


def with_descriptor(text: str, descriptor: str) -> str:
    """Return the same terms with another descriptor: that of the account the payment goes to."""
    return "\n".join(
        f"{_STATEMENT}{descriptor}." if line.startswith(_STATEMENT) else line
        for line in text.split("\n")
    )


def hash_of(text: str) -> str:
    """Return what names these very words: their SHA-256, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _today(facts: Facts) -> list[str]:
    currency, due = facts.due.currency, facts.due.formatted
    tax = f", {facts.tax.formatted} of it tax" if facts.tax else ""
    if facts.trial_ends is not None:
        cost = f"{due} {currency} today{tax}" if facts.due else "free"
        return [f"Trial of {facts.trial_days} days, until {facts.trial_ends.isoformat()}: {cost}."]
    if facts.months == 0:
        return [f"Charged once, today: {due} {currency}{tax}. It does not renew."]
    why = " for the time to the first of the month" if facts.in_proportion else ""
    return [f"Charged today{why}: {due} {currency}{tax}."]


def _later(facts: Facts) -> list[str]:
    if facts.next_amount is None or facts.next_on is None:
        return []
    currency, every = facts.price.currency, period_words(facts.months)
    first = "First charge after the trial" if facts.trial_ends else "Next charge"
    tax = f", {facts.next_tax.formatted} of it tax," if facts.next_tax else ""
    lines = [
        f"{first}: {facts.next_amount.formatted} {currency}{tax} on {facts.next_on.isoformat()}."
    ]
    then = facts.price
    if facts.cheaper is not None and facts.cheaper_for is None:
        then = facts.cheaper
    elif facts.cheaper is not None and facts.cheaper_for:
        lines.append(f"Then {facts.cheaper_for} at {facts.cheaper.formatted} {currency} each.")
    about_tax = "It changes with the tax of your place." if tax else _TAX
    lines.append(
        f"After that {then.formatted} {currency} every {every}, until you cancel. {about_tax}"
    )
    return lines
