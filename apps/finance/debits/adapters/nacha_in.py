"""Returns and notifications of change as NACHA files, as banks really write them.

Lines may be short and blocks unfilled, but the control record must be there and agree: a file
that was cut off is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from apps.finance.debits import errors
from apps.finance.debits.adapters.base import News
from apps.finance.debits.choices import ItemKind
from apps.finance.debits.rules.nacha import WIDTH

_LONGEST_LINE = 200
_RETURN, _CHANGE = "99", "98"


@dataclass(slots=True)
class _Sums:
    records: int = 0
    hashed: int = 0
    cents: int = 0

    def add(self, other: _Sums) -> None:
        self.records += other.records
        self.hashed += other.hashed
        self.cents += other.cents


def read_nacha(file: BinaryIO, *, ours: frozenset[str] = frozenset()) -> Iterator[News]:
    """
    Yield what the addenda say, one line in memory at a time. Files may follow one another.

    ``ours`` are the numbers of our bank and our firm, one of which the header must name; empty:
    any may.

    :raises WrongFile: it is no NACHA file, another one's, or a control record (of a batch, of the
        file) is missing or disagrees
    """
    has_begun = False
    while header := _next_header(file):
        has_begun = True
        parties = {_bare(header[3:13]), _bare(header[13:23])}
        if ours and not parties & {_bare(one) for one in ours}:
            raise errors.WrongFile(why="its header names neither our bank nor us")
        yield from _one_file(file)
    if not has_begun:
        raise errors.WrongFile(why="it does not begin with a NACHA file header")


def _next_header(file: BinaryIO) -> str:
    """Return the next file's header; empty at the end.

    :raises WrongFile: something else stands there
    """
    while raw := file.readline(_LONGEST_LINE):
        line = _line(raw)
        if line.startswith("101"):
            return line
        if line.strip() and line.strip("9 "):
            raise errors.WrongFile(why="it does not begin with a NACHA file header")
    return ""


def _one_file(file: BinaryIO) -> Iterator[News]:
    reader = _File()
    while raw := file.readline(_LONGEST_LINE):
        line = _line(raw)
        if line[0] == "9":
            reader.end(line)
            return
        yield from reader.take(line)
    raise errors.WrongFile(why="it has no file control record")


class _File:
    """The records of one file, added up as they go by."""

    def __init__(self) -> None:
        self.whole, self.batch = _Sums(), _Sums()
        self.batches = self.cents = 0

    def take(self, line: str) -> Iterator[News]:
        match line[0]:
            case "5":
                self.batch = _Sums()
            case "6":
                self.cents = _number(line[29:39])
                self.batch.add(_Sums(1, _number(line[3:11]), self.cents))
            case "7":
                self.batch.records += 1
                yield from _addendum(line, self.cents)
            case "8":
                _check(self.batch, line[4:10], line[10:20], line[20:44])
                self.whole.add(self.batch)
                self.batch, self.batches = _Sums(), self.batches + 1
            case _ if line.strip():
                raise errors.WrongFile(why=f"a record cannot begin with {line[0]!r}")

    def end(self, line: str) -> None:
        _check(self.whole, line[13:21], line[21:31], line[31:55])
        if self.batch.records or _number(line[1:7]) != self.batches:
            raise errors.WrongFile(why="its control record counts other batches")


def _bare(number: str) -> str:
    """Headers fill these numbers up with blanks or zeros, as each bank likes."""
    return number.strip().lstrip("0")


def _line(raw: bytes) -> str:
    try:
        line = raw.decode("ascii").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise errors.WrongFile(why="it is not ASCII") from error
    if len(line) > WIDTH:
        raise errors.WrongFile(why="a line is longer than 94 columns")
    return f"{line:{WIDTH}}"


def _addendum(line: str, cents: int) -> Iterator[News]:
    code, trace = line[3:6].strip(), line[6:21].strip()
    if line[1:3] == _RETURN:
        yield News(
            ItemKind.RETURN, f"{trace}:{code}", trace, code, cents, "USD", line[35:79].strip()
        )
    elif line[1:3] == _CHANGE:
        data = line[35:64].rstrip()
        yield News(ItemKind.CORRECTION, f"{trace}:{code}", trace, code, data=data)


def _check(sums: _Sums, records: str, hashed: str, amounts: str) -> None:
    """
    :raises WrongFile: a control record does not agree with what was read
    """
    said = (_number(records), _number(hashed), _number(amounts[:12]) + _number(amounts[12:]))
    if said != (sums.records, sums.hashed % 10**10, sums.cents):
        raise errors.WrongFile(why="a control record does not agree with its entries")


def _number(text: str) -> int:
    digits = text.strip() or "0"
    if not digits.isdigit():
        raise errors.WrongFile(why=f"{text[:12]!r} is not a number")
    return int(digits)
