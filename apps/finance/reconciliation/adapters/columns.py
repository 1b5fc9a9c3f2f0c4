"""Statements as CSV: the mapping of a source says which column is what.

``columns``: ``booked_on`` and ``amount`` (or ``credit`` and ``debit``) must be named;
``value_on``, ``fee``, ``reference``, ``counterparty``, ``text``, ``type``, ``currency`` may be.
``delimiter`` (","), ``encoding`` ("utf-8-sig"), ``date_format`` ("%Y-%m-%d"), ``decimal``
("."), ``amount_is`` ("NET": the fee is taken off already, or "GROSS"), ``negative_types`` and
``skipped_types`` (values of the type's column).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
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
#: Characters that a spreadsheet or a bank puts between thousands.
BLANKS = (" ", "\u00a0", "\u202f", "'")


class UnreadableRow(Exception):
    """A row has something that is not what its column should hold."""


def check_columns(mapping: Mapping[str, Any]) -> str:
    """Return what is wrong with a mapping, or nothing."""
    columns = mapping.get("columns")
    if not isinstance(columns, dict) or not all(isinstance(c, str) for c in columns.values()):
        return 'It needs "columns": {"booked_on": "Date", "amount": "Amount", ...}.'
    unknown = sorted((columns.keys() - NAMES) | (mapping.keys() - KEYS))
    if unknown:
        return f"It does not know {', '.join(unknown)}."
    if "booked_on" not in columns:
        return "No column is named for booked_on."
    if ("amount" in columns) == bool({"credit", "debit"} & columns.keys()):
        return "Name a column for the amount, or one for credit and one for debit."
    return _check_options(mapping)


def _check_options(mapping: Mapping[str, Any]) -> str:
    if mapping.get("amount_is", "NET") not in {"NET", "GROSS"}:
        return 'amount_is is "NET" or "GROSS".'
    if mapping.get("decimal", ".") not in {".", ","}:
        return 'decimal is "." or ",".'
    if len(str(mapping.get("delimiter", ","))) != 1:
        return "The delimiter is one character."
    try:
        codecs.lookup(str(mapping.get("encoding", "utf-8-sig")))
    except LookupError:
        return "The encoding is not known."
    return ""


def parse_columns(
    file: BinaryIO, *, currency: str, mapping: Mapping[str, Any]
) -> Iterator[Parsed]:
    """Yield a line or a problem for each row below the headings."""
    text = io.TextIOWrapper(file, encoding=mapping.get("encoding", "utf-8-sig"), newline="")
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.DictReader(text, delimiter=mapping.get("delimiter", ","), strict=True)
    columns: dict[str, str] = mapping["columns"]
    try:
        absent = sorted(set(columns.values()) - set(reader.fieldnames or ()))
        if absent:
            yield Problem(1, f"The headings lack {', '.join(absent)}.")
            return
        for row in reader:
            yield from _read(row, reader.line_num, currency, mapping)
    except (csv.Error, UnicodeDecodeError) as error:
        yield Problem(reader.line_num + 1, f"The file cannot be read further: {error}.")


def _read(
    row: dict[str, Any], n: int, currency: str, mapping: Mapping[str, Any]
) -> Iterator[Parsed]:
    if None in row or None in row.values():
        yield Problem(n, "It has more or fewer fields than there are headings.")
        return
    cells = {name: row[heading].strip() for name, heading in mapping["columns"].items()}
    if cells.get("type", "") in mapping.get("skipped_types", ()) and "type" in cells:
        return
    try:
        yield _line(cells, n, currency, mapping)
    except UnreadableRow as error:
        yield Problem(n, str(error))


def _line(cells: dict[str, str], n: int, currency: str, mapping: Mapping[str, Any]) -> ParsedLine:
    """
    :raises UnreadableRow: a cell is not what its column should hold
    """
    if cells.get("currency", currency).upper() != currency:
        raise UnreadableRow(f"Its currency is {cells['currency']}, not {currency}.")
    date_format = mapping.get("date_format", "%Y-%m-%d")
    booked_on = _day(cells["booked_on"], date_format)
    amount = _amount_of(cells, currency, mapping)
    fee = abs(_minor(cells.get("fee") or "0", currency, mapping))
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
        value_on=_day(cells["value_on"], date_format) if cells.get("value_on") else booked_on,
        amount_minor=amount,
        fee_minor=fee,
        reference=cells.get("reference", ""),
        counterparty=cells.get("counterparty", ""),
        text=" ".join(filter(None, (cells.get("type"), cells.get("text"))))[:TEXT_LENGTH],
    )


def _amount_of(cells: dict[str, str], currency: str, mapping: Mapping[str, Any]) -> int:
    """Return the signed amount of the row: positive where money comes to us."""
    if "amount" not in cells:
        credit = _minor(cells.get("credit") or "0", currency, mapping)
        return credit - abs(_minor(cells.get("debit") or "0", currency, mapping))
    amount = _minor(cells["amount"], currency, mapping)
    if cells.get("type") in mapping.get("negative_types", ()) and "type" in cells:
        return -abs(amount)
    return amount


def _minor(text: str, currency: str, mapping: Mapping[str, Any]) -> int:
    decimal = mapping.get("decimal", ".")
    plain = text.replace("," if decimal == "." else ".", "").replace(decimal, ".")
    for blank in BLANKS:
        plain = plain.replace(blank, "")
    plain = plain.removeprefix("+").replace("\N{MINUS SIGN}", "-")
    try:
        return Money.of(plain, currency).minor
    except DomainError as error:
        raise UnreadableRow(f"{text[:40]!r} is not an amount of {currency}.") from error


def _day(text: str, date_format: str) -> date:
    try:
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 (a day has no zone)
    except ValueError as error:
        raise UnreadableRow(f"{text[:40]!r} is not a date like {date_format}.") from error


CSV = Format("csv", "CSV with named columns", parse_columns, check_columns)
