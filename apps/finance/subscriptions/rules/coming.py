"""What the next period costs: the one rule by which it is charged, shown and told ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.core.money import Money
from apps.finance.subscriptions.rules import pricing
from apps.finance.subscriptions.rules.cycle import Term, charged, next_term
from apps.finance.subscriptions.rules.periods import Anchor
from apps.finance.subscriptions.rules.pricing import Change, Cut, Holds


@dataclass(frozen=True, slots=True)
class Planned:
    """The price its fan chose for the next period; ``keeps_cut``: the promotion is one for it."""

    full: Money
    months: int
    keeps_cut: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What a subscription pays now: period ``number`` runs until ``until``.

    ``left`` is how many periods the promotion is still good for; None: all. ``change`` is the one
    of its price that its fan was told of, with ``new`` the price it brings.
    """

    anchor: Anchor
    number: int
    until: datetime
    access_until: datetime | None
    full: Money
    cut: Cut | None = None
    left: int | None = None
    planned: Planned | None = None
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class Coming:
    """The next charge, before tax on top, and what is left of the promotion after it.

    ``full`` is the price of a whole period from then on. ``holds`` says whether it is the price
    of now, that of the change, or, where the fan did not agree, none: then it ends instead.
    """

    term: Term
    amount: Money
    full: Money
    anchor: Anchor
    cut: Cut | None
    left: int | None
    holds: Holds

    @property
    def reduced(self) -> Money:
        """Return what a whole period costs with the promotion."""
        return pricing.reduced(self.full, self.cut) if self.cut else self.full

    @property
    def following(self) -> Money:
        """Return what the period after it costs."""
        return pricing.amount_of_period(amount=self.full, cut=self.cut, left=self.left)


def coming(standing: Standing, *, now: datetime) -> Coming:
    """
    Return what is charged next if it is charged ``now``.

    The fan's own choice goes before a new price. A promotion goes on where it is one for the
    price that holds then.
    """
    anchor = standing.anchor
    term = next_term(
        anchor=anchor,
        last_number=standing.number,
        current_until=standing.until,
        access_until=standing.access_until,
        now=now,
    )
    full, holds = standing.full, Holds.OLD
    cut, left = standing.cut, standing.left
    planned, change = standing.planned, standing.change
    if planned is not None:
        full = planned.full
        if not planned.keeps_cut:
            cut, left = None, None
        if planned.months != anchor.months:
            anchor = Anchor(term.begins, term.number, planned.months, anchor.zone)
            term = next_term(
                anchor=anchor,
                last_number=term.number - 1,
                current_until=term.begins,
                access_until=standing.access_until,
                now=now,
            )
    elif change is not None:
        holds = pricing.price_that_holds(change, begins=term.begins)
        if holds is Holds.NEW:
            full = Money(change.new_minor, full.currency)
    amount = charged(
        full=full, anchor=anchor, number=term.number, begins=term.begins, cut=cut, left=left
    )
    return Coming(term, amount, full, anchor, cut, pricing.left_after(left), holds)
