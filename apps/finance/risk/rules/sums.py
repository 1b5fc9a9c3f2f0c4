"""Adding up a test of rules: what became of the payments that would be treated otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class Cell:
    """Payments of one currency: treated as ``was``, would be as ``now``, became ``result``."""

    was: str
    now: str
    result: str
    currency: str
    count: int = 0
    amount_minor: int = 0


class Sums:
    """At most outcomes x outcomes x results x currencies, however many are added."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._cells = {(one.was, one.now, one.result, one.currency): one for one in cells}

    @classmethod
    def of(cls, kept: Iterable[dict[str, Any]]) -> Sums:
        return cls(Cell(**one) for one in kept)

    def add(self, *, was: str, now: str, result: str, currency: str, amount_minor: int) -> None:
        """Add one payment."""
        key = (was, now, result, currency)
        cell = self._cells.setdefault(key, Cell(*key))
        cell.count += 1
        cell.amount_minor += amount_minor

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(self._cells[key]) for key in sorted(self._cells)]
