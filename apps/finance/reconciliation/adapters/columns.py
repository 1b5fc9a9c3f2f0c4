"""Statements as CSV: the mapping of a source says which column is what.

``columns``: ``booked_on`` and ``amount`` (or ``credit`` and ``debit``) must be named;
``value_on``, ``fee``, ``reference``, ``counterparty``, ``text``, ``type``, ``currency`` may be.
``fee`` may be a list: what stands in its columns is added up, and less than nothing is a fee that
came back.
``delimiter`` (","), ``encoding`` ("utf-8-sig"), ``date_format`` ("%Y-%m-%d"), ``decimal``
("."), ``amount_is`` ("NET": the fee is taken off already, or "GROSS"), ``negative_types`` and
``skipped_types`` (values of the type's column).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.reconciliation.adapters.base import (
    REFERENCE_LENGTH,
    TEXT_LENGTH,
    Format,
    Parsed,
    ParsedLine,
    Problem,
)

NAMES = frozenset({
    "booked_on", "value_on", "amount", "credit", "debit", "fee", "reference", "counterparty",
    "text", "type", "currency",
})  # fmt: skip
KEYS = frozenset({
    "columns", "delimiter", "encoding", "date_format", "decimal", "amount_is", "negative_types",
    "skipped_types",
})  # fmt: skip
#: A field longer than this is no statement's; csv would keep it whole in memory.
LONGEST_FIELD = 20_000
#: Characters that a spreadsheet or a bank puts between thousands, beside the dot or the comma.
BLANKS = " \u00a0\u202f'"
#: Thousands stand in threes or not apart at all: "1,23" is no 123.
_WRITTEN = {
    decimal: re.compile(
        rf"[+-]?(?:[0-9]+|[0-9]{{1,3}}(?:[{BLANKS}{thousands}][0-9]{{3}})+)"
        rf"(?:{re.escape(decimal)}[0-9]+)?",
        re.ASCII,
    )
    for decimal, thousands in ((".", ","), (",", "."))
}


class UnreadableRow(Exception):
    """A row has something that is not what its column should hold."""


def check_columns(mapping: Mapping[str, Any]) -> str:
    """Return what is wrong with a mapping, or nothing."""
    columns = mapping.get("columns")
    if not isinstance(columns, dict) or not all(_is_column(*c) for c in columns.items()):
        return 'It needs "columns": {"booked_on": "Date", "amount": "Amount", ...}.'
    unknown = sorted((columns.keys() - NAMES) | (mapping.keys() - KEYS))
    if unknown:
        return f"It does not know {', '.join(unknown)}."
    if "booked_on" not in columns:
        return "No column is named for booked_on."
    if ("amount" in columns) == bool({"credit", "debit"} & columns.keys()):
        return "Name a column for the amount, or one for credit and one for debit."
    return _check_options(mapping)


def _is_column(name: str, heading: Any) -> bool:
    if name == "fee" and isinstance(heading, list):
        return bool(heading) and _are_texts(heading)
    return isinstance(heading, str)


def _check_options(mapping: Mapping[str, Any]) -> str:
    checks = (
        (
            str(mapping.get("amount_is", "NET")) in {"NET", "GROSS"},
            'amount_is is "NET" or "GROSS".',
        ),
        (str(mapping.get("decimal", ".")) in {".", ","}, 'decimal is "." or ",".'),
        (_is_delimiter(mapping.get("delimiter", ",")), "The delimiter is one character."),
        (_is_encoding(mapping.get("encoding", "utf-8-sig")), "The encoding is not known."),
        (isinstance(mapping.get("date_format", ""), str), "date_format is text."),
        (
            all(_are_texts(mapping.get(key, [])) for key in ("negative_types", "skipped_types")),
            "negative_types and skipped_types are lists of text.",
        ),
    )
    return next((why for holds, why in checks if not holds), "")


def _is_delimiter(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1 and value not in '"\r\n\0'


def _is_encoding(value: Any) -> bool:
    """Test if text can be read so: codecs has others too, from bytes to bytes."""
    if not isinstance(value, str):
        return False
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=value).read()
    except (LookupError, UnicodeError, ValueError):
        return False
    return True


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def parse_columns(
    file: BinaryIO, *, currency: str, mapping: Mapping[str, Any]
) -> Iterator[Parsed]:
    """Yield a line or a problem for each row below the headings."""
    text = io.TextIOWrapper(file, encoding=mapping.get("encoding", "utf-8-sig"), newline="")
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.DictReader(text, delimiter=mapping.get("delimiter", ","), strict=True)
    columns: dict[str, str | list[str]] = mapping["columns"]
    try:
        wrong = _wrong_headings(
            {heading for given in columns.values() for heading in _each(given)},
            reader.fieldnames or (),
        )
        if wrong:
            yield Problem(1, wrong)
            return
        for row in reader:
            yield from _read(row, reader.line_num, currency, mapping)
    except (csv.Error, UnicodeError) as error:
        yield Problem(reader.line_num + 1, f"The file cannot be read further: {error}.")


def _wrong_headings(wanted: set[str], found: Sequence[str]) -> str:
    absent = sorted(wanted - set(found))
    if absent:
        return f"The headings lack {', '.join(absent)}."
    twice = sorted(name for name, count in Counter(found).items() if count > 1)
    if wanted & set(twice):
        return f"The headings have {', '.join(wanted & set(twice))} twice."
    return ""


def _read(
    row: dict[str, Any], n: int, currency: str, mapping: Mapping[str, Any]
) -> Iterator[Parsed]:
    if None in row or None in row.values():
        yield Problem(n, "It has more or fewer fields than there are headings.")
        return
    columns = mapping["columns"]
    cells = {name: row[c].strip() for name, c in columns.items() if isinstance(c, str)}
    fees = [row[heading].strip() for heading in _each(columns.get("fee", []))]
    if cells.get("type", "") in mapping.get("skipped_types", ()) and "type" in cells:
        return
    try:
        yield _line(cells, fees, n, currency, mapping)
    except UnreadableRow as error:
        yield Problem(n, str(error))


def _each(heading: str | list[str]) -> list[str]:
    return [heading] if isinstance(heading, str) else heading


def _line(
    cells: dict[str, str], fees: list[str], n: int, currency: str, mapping: Mapping[str, Any]
) -> ParsedLine:
    """
    :raises UnreadableRow: a cell is not what its column should hold
    """
    if cells.get("currency", currency).upper() != currency:
        raise UnreadableRow(f"Its currency is {cells['currency']}, not {currency}.")
    date_format = mapping.get("date_format", "%Y-%m-%d")
    booked_on = read_day(cells["booked_on"], date_format)
    amount = _amount_of(cells, currency, mapping)
    fee = sum(read_minor(text or "0", currency, mapping) for text in fees)
    if isinstance(mapping["columns"].get("fee"), str):
        fee = abs(fee)  # some write what they keep as leaving us
    if mapping.get("amount_is", "NET") == "GROSS":
        amount -= fee
    for name in ("reference", "counterparty"):
        if len(cells.get(name, "")) > REFERENCE_LENGTH:
            raise UnreadableRow(f"The {name} has over {REFERENCE_LENGTH} characters.")
    if any("\0" in cell for cell in cells.values()):
        raise UnreadableRow("It has a character that no text holds (NUL).")
    return ParsedLine(
        n=n,
        booked_on=booked_on,
        value_on=read_day(cells["value_on"], date_format) if cells.get("value_on") else booked_on,
        amount_minor=amount,
        fee_minor=fee,
        reference=cells.get("reference", ""),
        counterparty=cells.get("counterparty", ""),
        text=" ".join(filter(None, (cells.get("type"), cells.get("text"))))[:TEXT_LENGTH],
    )


def _amount_of(cells: dict[str, str], currency: str, mapping: Mapping[str, Any]) -> int:
    """Return the signed amount of the row: positive where money comes to us."""
    if "amount" not in cells:
        credit = read_minor(cells.get("credit") or "0", currency, mapping)
        return credit - abs(read_minor(cells.get("debit") or "0", currency, mapping))
    amount = read_minor(cells["amount"], currency, mapping)
    if cells.get("type") in mapping.get("negative_types", ()) and "type" in cells:
        return -abs(amount)
    return amount


def read_minor(text: str, currency: str, mapping: Mapping[str, Any]) -> int:
    """
    Return an amount in the smallest unit.

    :raises UnreadableRow: it is none of this currency
    """
    decimal = mapping.get("decimal", ".")
    plain = text.replace("\N{MINUS SIGN}", "-")
    try:
        if not _WRITTEN[decimal].fullmatch(plain):
            raise UnreadableRow(f"{text[:40]!r} is not an amount of {currency}.")
        whole, _, part = plain.removeprefix("+").partition(decimal)
        digits = re.sub("[^0-9-]", "", whole)
        return Money.of(f"{digits}.{part}" if part else digits, currency).minor
    except DomainError as error:
        raise UnreadableRow(f"{text[:40]!r} is not an amount of {currency}.") from error


def read_day(text: str, date_format: str) -> date:
    """
    :raises UnreadableRow: it is no date of this form
    """
    try:
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 (a day has no zone)
    except ValueError as error:
        raise UnreadableRow(f"{text[:40]!r} is not a date like {date_format}.") from error


CSV = Format("csv", "CSV with named columns", parse_columns, check_columns)
