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


def read_nacha(file: BinaryIO) -> Iterator[News]:
    """
    Yield what the addenda say, one line in memory at a time.

    :raises WrongFile: it is no NACHA file, or its control record is missing or disagrees
    """
    first = file.readline(_LONGEST_LINE)
    if not _line(first).startswith("101"):
        raise errors.WrongFile(why="it does not begin with a NACHA file header")
    sums, cents = _Sums(), 0
    while raw := file.readline(_LONGEST_LINE):
        line = _line(raw)
        record = line[0]
        if record == "9":
            _check(line, sums)
            return
        if record == "6":
            cents = _number(line[29:39])
            sums.records, sums.cents = sums.records + 1, sums.cents + cents
            sums.hashed += _number(line[3:11])
        elif record == "7":
            sums.records += 1
            yield from _addendum(line, cents)
    raise errors.WrongFile(why="it has no file control record")


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


def _check(line: str, sums: _Sums) -> None:
    """
    :raises WrongFile: the control record does not agree with what was read
    """
    said = (
        _number(line[13:21]),
        _number(line[21:31]),
        _number(line[31:43]) + _number(line[43:55]),
    )
    if said != (sums.records, sums.hashed % 10**10, sums.cents):
        raise errors.WrongFile(why="its control record does not agree with its entries")


def _number(text: str) -> int:
    digits = text.strip() or "0"
    if not digits.isdigit():
        raise errors.WrongFile(why=f"{text[:12]!r} is not a number")
    return int(digits)
