"""The NACHA file: 94 columns, blocks of ten, and sums that the bank checks.

Source: Nacha Operating Rules, appendix "ACH record format specifications"; checked against the
public sample files in ``tests/finance/debits/vectors``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from apps.finance.debits import errors

WIDTH, BLOCKING = 94, 10
ROUTING, ACCOUNT, ODFI = 9, 17, 8
MOST_CENTS = 10**10 - 1
_HASH = 10**10
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#: Debits of a consumer: checking and savings.
CHECKING, SAVINGS = "27", "37"
#: An entry over nothing that only proves the account (prenote).
PRENOTES = {CHECKING: "28", SAVINGS: "38"}
#: Nacha 2.13.4.2: the description of an entry that is presented again.
RETRY = "RETRY PYMT"
#: Service class code of a batch of debits only.
DEBITS_ONLY = "225"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sends the file, and to whom. Routing numbers have nine digits, ``odfi`` eight."""

    destination: str
    destination_name: str
    origin: str
    origin_name: str
    company: str
    company_id: str
    odfi: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One debit; ``trace`` is the number of it within our bank's, 1 to 9,999,999."""

    code: str
    routing: str
    account: str
    cents: int
    individual_id: str
    name: str
    trace: int
    #: WEB: ``S`` once, ``R`` recurring.
    discretionary: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the file's control record says."""

    entries: int
    entry_hash: int
    debit_cents: int


def trace_of(odfi: str, number: int) -> str:
    """Return the 15 digits by which a return names the entry."""
    return f"{odfi}{number:07d}"


def modifier_of(number: int) -> str:
    """
    Return the id of the day's file ``number`` (from 0): A to Z, then 0 to 9.

    :raises WrongState: a day has 36 files, not more
    """
    if not 0 <= number < len(_MODIFIERS):
        raise errors.WrongState(files_of_the_day=number)
    return _MODIFIERS[number]


def totals_of(entries: Sequence[Entry]) -> Totals:
    """Add up; the hash is the sum of the first eight digits of the routing numbers, mod 10^10."""
    return Totals(
        entries=len(entries),
        entry_hash=sum(int(entry.routing[:8]) for entry in entries) % _HASH,
        debit_cents=sum(entry.cents for entry in entries),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries under one header. A debit presented again is described ``RETRY PYMT``."""

    entries: Sequence[Entry]
    description: str = "DEPOSIT"
    sec: str = "WEB"


def write(
    origin: Origin,
    batches: Sequence[Batch],
    *,
    made_at: datetime,
    modifier: str,
    effective_on: date,
    first: int = 1,
) -> bytes:
    """
    Return a file with batches of debits, each line ended by a line feed.

    ``made_at`` is written as it is given: in the bank's local time. ``first`` numbers the batches.

    :raises AccountInvalid: an entry does not fit the format; nothing is ever cut off that matters
    """
    entries = [entry for batch in batches for entry in batch.entries]
    _check(origin, entries)
    lines = [_file_header(origin, made_at, modifier)]
    for number, batch in enumerate(batches, first):
        lines += _batch(origin, batch, number, effective_on)
    totals = totals_of(entries)
    blocks = -(-(len(lines) + 1) // BLOCKING)
    lines.append(
        f"9{len(batches):06d}{blocks:06d}{totals.entries:08d}{totals.entry_hash:010d}"
        f"{totals.debit_cents:012d}{0:012d}{'':39}"
    )
    lines.extend("9" * WIDTH for _ in range(blocks * BLOCKING - len(lines)))
    wrong = [line for line in lines if len(line) != WIDTH]
    if wrong:
        raise errors.AccountInvalid(line=wrong[0][:1], width=len(wrong[0]))
    return ("\n".join(lines) + "\n").encode("ascii")


def _batch(origin: Origin, batch: Batch, number: int, effective_on: date) -> list[str]:
    totals = totals_of(batch.entries)
    return [
        f"5{DEBITS_ONLY}{_text(origin.company, 16)}{'':20}{_text(origin.company_id, 10)}"
        f"{batch.sec:3}{_text(batch.description, 10)}{'':6}{effective_on:%y%m%d}{'':3}1"
        f"{origin.odfi}{number:07d}",
        *(_entry(origin, entry) for entry in batch.entries),
        f"8{DEBITS_ONLY}{totals.entries:06d}{totals.entry_hash:010d}{totals.debit_cents:012d}"
        f"{0:012d}{_text(origin.company_id, 10)}{'':19}{'':6}{origin.odfi}{number:07d}",
    ]


def _file_header(origin: Origin, made_at: datetime, modifier: str) -> str:
    return (
        f"101{origin.destination:>10}{origin.origin:>10}{made_at:%y%m%d%H%M}{modifier}09410"
        f"1{_text(origin.destination_name, 23)}{_text(origin.origin_name, 23)}{'':8}"
    )


def _entry(origin: Origin, entry: Entry) -> str:
    return (
        f"6{entry.code}{entry.routing}{_text(entry.account, 17)}{entry.cents:010d}"
        f"{_text(entry.individual_id, 15)}{_text(entry.name, 22)}{_text(entry.discretionary, 2)}0"
        f"{trace_of(origin.odfi, entry.trace)}"
    )


def _text(text: str, width: int) -> str:
    """Left-justified printable ASCII: accents are the caller's to write out, the rest a space."""
    plain = "".join(sign if " " <= sign <= "~" else " " for sign in text)
    return f"{plain[:width]:{width}}"


def _check(origin: Origin, entries: Sequence[Entry]) -> None:
    """
    :raises AccountInvalid: a number is too long, too large, or repeated
    """
    if not entries or len(entries) > 10**6 - 1:
        raise errors.AccountInvalid(entries=len(entries))
    if len(origin.odfi) != ODFI or not origin.odfi.isdigit():
        raise errors.AccountInvalid(odfi=origin.odfi)
    if sum(entry.cents for entry in entries) >= 10**12:
        raise errors.AccountInvalid(total="over the width of the control record")
    before = 0
    for entry in entries:
        if not (len(entry.routing) == ROUTING and entry.routing.isdigit()):
            raise errors.AccountInvalid(routing=entry.routing[:12])
        least = 0 if entry.code in PRENOTES.values() else 1
        most = 0 if entry.code in PRENOTES.values() else MOST_CENTS
        if not least <= entry.cents <= most or not 0 < len(entry.account) <= ACCOUNT:
            raise errors.AccountInvalid(trace=entry.trace)
        if not before < entry.trace < 10**7:
            raise errors.AccountInvalid(trace=entry.trace, before=before)
        before = entry.trace
