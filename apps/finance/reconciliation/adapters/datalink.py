"""CCBill's DataLink extract (``data/main.cgi``): rows of several kinds without headings.

Which columns a row has is set per account at CCBill; two sets have been seen, and both are below
by their places (counted from 0). ``rows`` of the mapping replaces places of a kind and
``date_format`` says how times are written. Times are Arizona's, and the day is taken as it stands.
All of it is from public client code, none from CCBill itself: compare the first real file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from apps.finance.reconciliation.adapters.base import (
    REFERENCE_LENGTH,
    Format,
    Parsed,
    ParsedLine,
    Problem,
)
from apps.finance.reconciliation.adapters.columns import (
    LONGEST_FIELD,
    UnreadableRow,
    read_day,
    read_minor,
)

#: What a row of a kind has where. A sale is known by its subscription, a renewal by its own name.
ROWS: dict[str, dict[str, int]] = {
    "NEW": {"reference": 3, "booked_on": 4, "amount": 10},
    "REBILL": {"reference": 5, "booked_on": 4, "amount": 6},
    "REFUND": {"reference": 3, "booked_on": 4, "amount": 5},
    "CHARGEBACK": {"reference": 3, "booked_on": 4, "amount": 5},
    "VOID": {"reference": 3, "booked_on": 4, "amount": 5},
}
#: The older set of columns: address and name of the buyer stand before the amount.
OLD_NEW = {"reference": 3, "booked_on": 4, "amount": 17}
LEAVING = frozenset({"REFUND", "CHARGEBACK", "VOID"})
#: These move no money.
SKIPPED = frozenset({"EXPIRE", "CANCELLATION"})
KEYS = frozenset({"rows", "date_format", "delimiter"})
PLACES = frozenset({"reference", "booked_on", "amount"})
#: All there is in an extract that has nothing to tell.
NO_ROWS = "1"


def check_rows(mapping: Mapping[str, Any]) -> str:
    """Return what is wrong with a mapping, or nothing."""
    unknown = sorted(mapping.keys() - KEYS)
    if unknown:
        return f"It does not know {', '.join(unknown)}."
    rows = mapping.get("rows", {})
    if not isinstance(rows, dict) or not rows.keys() <= ROWS.keys():
        return f"rows has places of {', '.join(ROWS)}."
    for places in rows.values():
        if not isinstance(places, dict) or places.keys() != PLACES:
            return f"A row needs {', '.join(sorted(PLACES))}."
        if not all(type(place) is int and place >= 0 for place in places.values()):
            return "Places are whole numbers, counted from 0."
    return ""


def parse_rows(file: BinaryIO, *, currency: str, mapping: Mapping[str, Any]) -> Iterator[Parsed]:
    """Yield a line or a problem for each row that moves money."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(text, delimiter=mapping.get("delimiter", ","), strict=True)
    places = {**ROWS, **mapping.get("rows", {})}
    try:
        for cells in reader:
            yield from _read(cells, reader.line_num, places, currency, mapping)
    except (csv.Error, UnicodeError) as error:
        yield Problem(reader.line_num + 1, f"The file cannot be read further: {error}.")


def _read(
    cells: Sequence[str],
    n: int,
    places: Mapping[str, Mapping[str, int]],
    currency: str,
    mapping: Mapping[str, Any],
) -> Iterator[Parsed]:
    kind = cells[0].strip().upper() if cells else ""
    if not kind or kind in SKIPPED or (list(cells) == [NO_ROWS] and n == 1):
        return
    if kind.startswith("ERROR"):
        yield Problem(n, f"CCBill refused to give it: {','.join(cells)[:200]}")
        return
    if kind not in places:
        yield Problem(n, f"Nobody knows rows of the kind {kind[:20]}.")
        return
    found = places[kind]
    if len(cells) <= max(found.values()):
        yield Problem(n, f"A row of the kind {kind} has only {len(cells)} fields.")
        return
    try:
        yield _line(kind, {name: cells[at].strip() for name, at in found.items()}, n, currency,
                    str(mapping.get("date_format", "%Y-%m-%d %H:%M:%S")))  # fmt: skip
    except UnreadableRow as error:
        yield Problem(n, str(error))


def _line(kind: str, told: Mapping[str, str], n: int, currency: str, form: str) -> ParsedLine:
    """
    :raises UnreadableRow: a field is not what its place should hold
    """
    amount = read_minor(told["amount"], currency, {})
    if not told["reference"] or len(told["reference"]) > REFERENCE_LENGTH:
        raise UnreadableRow("It names no sale.")
    day = read_day(told["booked_on"], form)
    return ParsedLine(
        n=n,
        booked_on=day,
        value_on=day,
        amount_minor=-abs(amount) if kind in LEAVING else amount,
        fee_minor=0,
        reference=told["reference"],
        counterparty="",
        text=kind,
    )


DATALINK = Format(
    "ccbill-datalink",
    "CCBill DataLink extract",
    parse_rows,
    check_rows,
    unverified="Which columns an account's extract has, and how its times are written.",
)
