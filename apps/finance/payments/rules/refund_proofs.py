"""What a look-up proves about a refund whose outcome is not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from apps.core.money import Money


class Proof(Enum):
    """What became of it at the gateway."""

    DONE = "it went back"
    ABSENT = "it did not go back so far"
    MISMATCH = "something else went back"
    NOTHING = "the gateway does not say"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a gateway says of a sale: what went back, or how often; ``sale`` is its state."""

    sale: str
    refunded: Money | None = None
    refunds: int | None = None


def judge(
    answer: Seen, *, amount: Money, whole: Money, booked: Money, count: int, disputed: bool
) -> Proof:
    """
    Compare what the gateway shows with what is booked: ``booked`` in ``count`` refunds before.

    At most one refund of a payment is in flight, so what is there beyond the booked ones is it.
    """
    if answer.refunded is not None:
        return _of_amount(answer.refunded, amount=amount, booked=booked)
    if answer.refunds is not None:
        return {0: Proof.ABSENT, 1: Proof.DONE}.get(answer.refunds - count, Proof.MISMATCH)
    if answer.sale == "PAID":
        return Proof.NOTHING if count else Proof.ABSENT
    if answer.sale == "UNDONE" and amount == whole and not disputed:
        return Proof.DONE
    return Proof.NOTHING


def _of_amount(refunded: Money, *, amount: Money, booked: Money) -> Proof:
    if refunded.currency != amount.currency:
        return Proof.NOTHING
    extra = refunded - booked
    if extra == amount:
        return Proof.DONE
    return Proof.MISMATCH if extra else Proof.ABSENT
