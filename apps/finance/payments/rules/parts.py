"""What of a sale goes back, to the cent: who gives which part of a refund or a lost dispute.

A part is taken in proportion from what the parts before it left. What was left is the sale less
the parts as they were booked, so a part that is undone (a refund that bounced) is simply there
again, and all parts together are the sale, whatever their amounts and their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from apps.core.money import Money
from apps.finance.ledger import postings


class Part(NamedTuple):
    """A sale or a part of it. ``bases`` are the net prices of its taxes, in their order.

    A deposit is a sale without shares: ``sale.cost`` is what its processing cost.
    """

    sale: postings.Sale
    bases: tuple[Money, ...]

    @property
    def amount(self) -> Money:
        return self.sale.amount


def taken(left: Part, amount: Money) -> Part:
    """Return the part of what is ``left`` that ``amount`` takes back.

    :raises RefundExceedsSale: ``amount`` is more than is left
    :raises AmountOutOfRange: it is not above zero
    """
    if left.sale.shares:
        sale = postings.part_of(left.sale, amount)
    else:
        sale = left.sale._replace(
            amount=amount, cost=_proportion(left.sale.cost, amount, left.amount)
        )
    bases = tuple(_proportion(base, amount, left.amount) for base in left.bases)
    return Part(sale, bases)


def less(whole: Part, parts: Sequence[Part]) -> Part:
    """Return what the parts leave of the whole."""
    left = whole
    for part in parts:
        left = _less(left, part)
    return left


def as_json(part: Part) -> dict[str, Any]:
    """Write a part down, in the smallest units of its currency."""
    sale = part.sale
    return {
        "amount": sale.amount.minor,
        "shares": [
            [share.creator_id, *(money.minor for money in share[1:])] for share in sale.shares
        ],
        "taxes": [[tax.place, tax.amount.minor] for tax in sale.taxes],
        "bases": [base.minor for base in part.bases],
        "cost": sale.cost.minor,
    }


def from_json(written: dict[str, Any], whole: Part) -> Part:
    """Read what ``as_json`` wrote of a part of ``whole``."""
    currency = whole.amount.currency

    def money(minor: int) -> Money:
        return Money(minor, currency)

    sale = whole.sale._replace(
        amount=money(written["amount"]),
        shares=tuple(
            postings.Share(row[0], *(money(minor) for minor in row[1:]))
            for row in written["shares"]
        ),
        taxes=tuple(postings.Tax(place, money(minor)) for place, minor in written["taxes"]),
        cost=money(written["cost"]),
        credit=money(0),
    )
    return Part(sale, tuple(money(minor) for minor in written["bases"]))


def _less(one: Part, other: Part) -> Part:
    a, b = one.sale, other.sale
    return Part(
        a._replace(
            amount=a.amount - b.amount,
            shares=tuple(
                postings.Share(x.creator_id, *(m - n for m, n in zip(x[1:], y[1:], strict=True)))
                for x, y in zip(a.shares, b.shares, strict=True)
            ),
            taxes=tuple(
                postings.Tax(x.place, x.amount - y.amount)
                for x, y in zip(a.taxes, b.taxes, strict=True)
            ),
            cost=a.cost - b.cost,
        ),
        tuple(x - y for x, y in zip(one.bases, other.bases, strict=True)),
    )


def _proportion(whole: Money, amount: Money, of: Money) -> Money:
    """Return ``whole * amount / of``, rounded half up; all of it when ``amount`` is ``of``."""
    return Money((2 * whole.minor * amount.minor + of.minor) // (2 * of.minor), whole.currency)
