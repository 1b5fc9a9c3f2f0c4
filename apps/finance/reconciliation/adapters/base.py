"""What every format of statements makes of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO, NamedTuple, Protocol

#: As the columns of the table are.
REFERENCE_LENGTH, TEXT_LENGTH = 140, 300


class ParsedLine(NamedTuple):
    """One line. ``amount_minor`` is what it adds to the account, the fee already taken off."""

    n: int
    booked_on: date
    value_on: date
    amount_minor: int
    fee_minor: int
    reference: str
    counterparty: str
    text: str


class Problem(NamedTuple):
    """A row that cannot be read; ``row`` as people count rows in the file, 0 for all of it."""

    row: int
    reason: str


class Balances(NamedTuple):
    """What the file itself says of the account before and after, in the smallest unit."""

    opening_minor: int | None = None
    closing_minor: int | None = None
    period_start: date | None = None
    period_end: date | None = None


Parsed = ParsedLine | Problem | Balances


class Parser(Protocol):
    """Read a file as a stream; no more than a few lines are in memory at a time."""

    def __call__(
        self, file: BinaryIO, *, currency: str, mapping: Mapping[str, Any]
    ) -> Iterator[Parsed]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """``check`` says what is wrong with a mapping before any file is read, "" if nothing."""

    name: str
    title: str
    parse: Parser
    check: Any
    #: Facts about the other side's file that nobody has seen yet in one of theirs.
    unverified: str = ""
