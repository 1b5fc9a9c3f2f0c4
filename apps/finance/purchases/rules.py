"""Pure decisions: what may be sold, and what a payment's state makes of a purchase or a tip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from apps.core.money import Money
from apps.finance.payments.choices import PAID, Status
from apps.finance.purchases import errors
from apps.finance.purchases.choices import Audience, GoalState, ItemKind, PurchaseState

TITLE_LENGTH = 120
#: Below, the fees of a card would eat the price; above, one MID's charge limit would.
PRICE = ("1.00", "1000.00")
PRICE_WHOLE_UNITS = ("100", "100000")  # currencies without decimals
GOAL = ("1.00", "1000000.00")
GOAL_WHOLE_UNITS = ("100", "100000000")
CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
#: Goals that are open at once: what a page can show.
OPEN_GOALS = 5

#: What is not here waits.
STATE_OF: Mapping[str, PurchaseState] = MappingProxyType({
    Status.CAPTURED: PurchaseState.PAID,
    Status.PARTLY_REFUNDED: PurchaseState.PAID,
    Status.REFUNDED: PurchaseState.REFUNDED,
    Status.DISPUTED: PurchaseState.DISPUTED,
    Status.FAILED: PurchaseState.ABANDONED,
    Status.CANCELLED: PurchaseState.ABANDONED,
    Status.EXPIRED: PurchaseState.ABANDONED,
})  # fmt: skip
#: Somebody was sent away with the money and the outcome is not known: nothing else is begun.
UNDER_WAY = frozenset({Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN})

_SUBJECT = re.compile(r"(item|goal):([0-9]{1,18})", re.ASCII)


def read_subject(subject: str) -> tuple[str, int] | None:
    """Return what a payment was for, "item" or "goal", with its number; None: neither."""
    found = _SUBJECT.fullmatch(subject)
    return (found[1], int(found[2])) if found else None


def clean_title(title: str) -> str:
    """Return the title with runs of white space made one space.

    :raises TitleMissing: nothing to see remains, or it is too long
    """
    cleaned = " ".join(title.split())
    if not cleaned.isprintable() or not 1 <= len(cleaned) <= TITLE_LENGTH:
        raise errors.TitleMissing
    return cleaned


def check_price(price: Money) -> None:
    """
    :raises PriceOutOfRange: it is too low or too high, or no wallet holds its currency
    """
    _check_range(price, PRICE, PRICE_WHOLE_UNITS)


def check_target(target: Money) -> None:
    """
    :raises PriceOutOfRange: it is too low or too high, or no wallet holds its currency
    """
    _check_range(target, GOAL, GOAL_WHOLE_UNITS)


def _check_range(money: Money, span: tuple[str, str], whole: tuple[str, str]) -> None:
    if money.currency not in CURRENCIES:
        raise errors.PriceOutOfRange(currency=money.currency)
    low, high = whole if money.currency == "JPY" else span
    least, most = Money.of(low, money.currency), Money.of(high, money.currency)
    if not least <= money <= most:
        raise errors.PriceOutOfRange(
            price=str(money), least=str(least.decimal), most=str(most.decimal)
        )


def check_audience(*, kind: ItemKind, audience: Audience, has_recipient: bool) -> None:
    """
    :raises AudienceMalformed: content for some, a message for everyone, or a recipient that does
        not fit the audience
    """
    fits = (kind == ItemKind.CONTENT) == (audience == Audience.EVERYONE)
    if not fits or has_recipient != (audience == Audience.ONE):
        raise errors.AudienceMalformed


def state_of(status: str) -> PurchaseState:
    """Return what a payment in a status makes of its purchase.

    A part that went back leaves the purchase as it is: a part of the price was a mistake.
    """
    return STATE_OF.get(status, PurchaseState.PENDING)


def counted(*, status: str, price_minor: int, amount_minor: int, refunded_minor: int) -> int:
    """Return what a tip counts towards its goal: the price, less the share that went back.

    The price is without tax that came on top; of a refund the price's share counts, rounded in
    favour of the refund. What a bank has taken does not count until it is given back.
    """
    if status not in PAID or status == Status.DISPUTED:
        return 0
    return price_minor * (amount_minor - refunded_minor) // amount_minor


def goal_state(*, state: str, raised_minor: int, target_minor: int) -> GoalState:
    """Return a goal's state at a figure. It follows the figure both ways until it is closed."""
    if state == GoalState.CLOSED:
        return GoalState.CLOSED
    return GoalState.REACHED if raised_minor >= target_minor else GoalState.OPEN
