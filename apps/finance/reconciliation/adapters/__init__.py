"""Formats of statements, by name. A new one is a module here and a row below."""

from __future__ import annotations

from apps.finance.reconciliation.adapters.base import (
    Balances,
    Format,
    Parsed,
    ParsedLine,
    Problem,
)
from apps.finance.reconciliation.adapters.camt import CAMT
from apps.finance.reconciliation.adapters.columns import CSV

FORMATS = {format_.name: format_ for format_ in (CSV, CAMT)}

__all__ = ["FORMATS", "Balances", "Format", "Parsed", "ParsedLine", "Problem"]
