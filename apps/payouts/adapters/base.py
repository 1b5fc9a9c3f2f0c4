"""What every rail must do, and the words its answers come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apps.core.money import Money


@dataclass(frozen=True, slots=True)
class Instruction:
    """One payment to make. ``reference`` is ours and unique for ever."""

    reference: str
    amount: Money
    destination: Mapping[str, str]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paid:
    """The rail paid, under an id of its own, and took ``fee`` from us besides."""

    transaction_id: str
    fee: Money


@dataclass(frozen=True, slots=True)
class Refused:
    """The rail did not pay and never will: the payee must change something."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Later:
    """Surely not paid; the same instruction may succeed later (funds, limits, our own set-up)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been paid or not. Look it up; never send again on this."""

    code: str
    message: str


Outcome = Paid | Refused | Later | Unknown


@dataclass(frozen=True, slots=True)
class Record:
    """One payment as the rail's history shows it."""

    transaction_id: str
    amount: Money
    fee: Money
    payee: str
    completed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The whole history of the time asked for was read; these carry our reference."""

    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The history could not be read, or not to its end: it proves nothing."""

    code: str
    message: str


class Rail(Protocol):
    """A way out for money. No method raises for what the other side does or fails to do."""

    def send(self, instruction: Instruction) -> Outcome:
        """Pay once. Neither retried nor repeated inside."""
        ...

    def look_up(
        self, *, reference: str, currency: str, since: datetime, until: datetime
    ) -> Found | Unclear:
        """Return what the rail knows of ``reference``. Changes nothing there."""
        ...
