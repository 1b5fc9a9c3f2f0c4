"""Reader of tax rate files: CSV with the columns of ``data/eu_uk_vat.csv``; # begins a comment."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from apps.finance.tax import errors
from apps.finance.tax.choices import Product, TaxKind

_COLUMNS = ["place", "product", "kind", "percent", "shown", "valid_from", "source"]
_SHOWN = {"inclusive": True, "exclusive": False}


class FiledRate(NamedTuple):
    """A rate as a file or a form says it."""

    place: str
    product: Product
    kind: TaxKind
    percent: Decimal
    is_inclusive: bool
    valid_from: date
    source: str


def read_rates(path: Path) -> Iterator[FiledRate]:
    """Read a file of rates.

    :raises FileUnreadable: no such file, other columns, or a line that is not one of a rate
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(line for line in file if not line.startswith("#"))
            if rows.fieldnames != _COLUMNS:
                raise errors.FileUnreadable(file=path.name, line=1)
            for number, row in enumerate(rows, 1):
                yield _read(row, path.name, number)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise errors.FileUnreadable(file=path.name, why=type(error).__name__) from error


def _read(row: dict[str, str], name: str, number: int) -> FiledRate:
    try:
        return FiledRate(
            place=row["place"],
            product=Product(row["product"]),
            kind=TaxKind(row["kind"]),
            percent=Decimal(row["percent"]),
            is_inclusive=_SHOWN[row["shown"]],
            valid_from=date.fromisoformat(row["valid_from"]),
            source=row["source"].strip(),
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise errors.FileUnreadable(file=name, row=number) from error
