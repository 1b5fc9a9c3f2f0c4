"""Test cards and what each one does. The numbers belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What the processor answers to a card."""

    APPROVE = "approve"
    DECLINE = "decline"
    SOFT_DECLINE = "soft_decline"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Card:
    """A published test card."""

    number: str
    outcome: Outcome
    says: str


CARDS = (
    Card("4111111111111111", Outcome.APPROVE, "Approved"),
    Card("4000000000000002", Outcome.DECLINE, "Declined at once"),
    Card("4000000000009995", Outcome.SOFT_DECLINE, "Declined, may be tried three times"),
    Card("4000000000000119", Outcome.TIMEOUT, "Paid, but the browser never hears of it"),
)
#: The sandbox approves a CVV above this only (support mail quoted in public code).
CVV_LIMIT = 300
GOOD_CVV = "301"


def outcome_of(number: str, cvv: str) -> Outcome | None:
    """Return what the card does, or nothing for a number that is no test card."""
    digits = number.replace(" ", "").replace("-", "")
    card = next((item for item in CARDS if item.number == digits), None)
    if card is None:
        return None
    if not (cvv.isascii() and cvv.isdigit()) or int(cvv) <= CVV_LIMIT:
        return Outcome.SOFT_DECLINE
    return card.outcome
