"""Readers of rate files: the ECB's euro reference rates (CSV, XML), and a plain list.

ECB: eurofxref.csv and eurofxref-hist.csv (first column Date, then one column per currency, "N/A"
where there was none, units of the currency per euro), eurofxref-daily.xml and eurofxref-hist.xml
(<Cube time><Cube currency rate/></Cube>), as described at
ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates. The plain list has the
columns on, base, quote, rate; crypto assets come in it, from a source that the importer names.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from apps.finance.fx import errors
from apps.finance.fx.choices import RANK

EURO = "EUR"
_PLAIN = ["on", "base", "quote", "rate"]


class Quoted(NamedTuple):
    """A published rate as a file says it."""

    base: str
    quote: str
    on: date
    rate: Decimal


def read_rates(path: Path) -> Iterator[Quoted]:
    """Read a file row by row; which format it has is seen from its beginning.

    Currencies that the platform does not know are passed over.

    :raises FileUnreadable: no such file, none of the formats, or a line that is not one of a rate
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(200).lstrip()
        yield from _xml(path) if start.startswith("<") else _csv(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise errors.FileUnreadable(file=path.name, why=type(error).__name__) from error


def is_ecb(path: Path) -> bool:
    """Test if a file is one of the ECB's, so that nobody imports it under another name."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            start = file.read(2000)
    except (OSError, UnicodeDecodeError) as error:
        raise errors.FileUnreadable(file=path.name, why=type(error).__name__) from error
    return start.startswith("Date") or "eurofxref" in start


def _csv(path: Path) -> Iterator[Quoted]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = [cell.strip() for cell in next(rows, [])]
        if header == _PLAIN:
            read = _plain_row
        elif header[:1] == ["Date"]:
            read = _ecb_row
        else:
            raise errors.FileUnreadable(file=path.name, line=1)
        for number, row in enumerate(rows, 2):
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            try:
                yield from read(header, cells)
            except (ValueError, InvalidOperation, IndexError) as error:
                raise errors.FileUnreadable(file=path.name, line=number) from error


def _ecb_row(header: list[str], cells: list[str]) -> list[Quoted]:
    day = _day(cells[0])
    pairs = zip(header[1:], cells[1:], strict=False)
    if len(cells) < len([name for name in header if name]):
        raise ValueError("a cut line")
    return [
        Quoted(EURO, currency, day, Decimal(text))
        for currency, text in pairs
        if currency in RANK and text not in {"", "N/A"}
    ]


def _plain_row(header: list[str], cells: list[str]) -> list[Quoted]:
    if len(cells) != len(header):
        raise ValueError("a line of another length")
    day, base, quote, rate = cells
    if base not in RANK or quote not in RANK:
        return []
    return [Quoted(base, quote, date.fromisoformat(day), Decimal(rate))]


def _day(text: str) -> date:
    """The daily file writes "21 November 2025", the historical one "2025-11-21"."""
    if text[:4].isdigit():
        return date.fromisoformat(text)
    return datetime.strptime(text, "%d %B %Y").date()  # noqa: DTZ007 - a day has no zone


def _xml(path: Path) -> Iterator[Quoted]:
    day: date | None = None
    seen = False
    try:
        for event, element in iterparse(path, events=("start", "end"), forbid_dtd=True):
            if event == "end":
                element.clear()
                continue
            if "time" in element.attrib:
                day = date.fromisoformat(element.attrib["time"])
            currency = element.attrib.get("currency")
            if currency is None or day is None:
                continue
            seen = True
            if currency in RANK:
                yield Quoted(EURO, currency, day, Decimal(element.attrib["rate"]))
    except (ParseError, DefusedXmlException, ValueError, InvalidOperation, KeyError) as error:
        raise errors.FileUnreadable(file=path.name, why=type(error).__name__) from error
    if not seen:
        raise errors.FileUnreadable(file=path.name, why="no rates in it")
