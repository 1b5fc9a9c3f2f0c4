"""Positions in foreign money at weighted average cost, and the gain when they close.

All values are in smallest units; values in the functional currency. A position is long (bought
and not yet sold: quantity above zero, cost what was paid) or short (sold and not yet bought back:
both below zero, cost what was received). IAS 21.28: the difference is a
gain or loss.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    quantity: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Traded:
    """A position after a trade, and the gain (below zero: the loss) the trade realised."""

    position: Position
    gain: int


def trade(position: Position, *, quantity: int, value: int) -> Traded:
    """Add ``quantity`` (sold: below zero) for ``value`` (the same sign) to a position.

    What goes the position's own way adds to its cost. What goes against it takes out cost in
    proportion, all of it when the position closes, so nothing remains of a closed position. A
    trade through zero closes the one and opens the other; its value is split in proportion.
    Always: cost after = cost before + value + gain.
    """
    if quantity == 0 or quantity * value < 0:
        raise ValueError("a trade has a quantity, and a value of the same sign")
    held = position.quantity
    if held * quantity >= 0:
        return Traded(Position(held + quantity, position.cost + value), 0)
    closed = min(abs(held), abs(quantity))
    cost_out = _share(position.cost, closed, abs(held))
    value_in = _share(value, closed, abs(quantity))
    left = Position(held + quantity, position.cost - cost_out + value - value_in)
    return Traded(left, -value_in - cost_out)


def _share(amount: int, part: int, whole: int) -> int:
    """Return ``amount * part / whole``, a half rounded away from zero."""
    units = (2 * abs(amount) * part + whole) // (2 * whole)
    return units if amount >= 0 else -units
