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
from apps.finance.reconciliation.adapters.datalink import DATALINK
from apps.finance.reconciliation.adapters.ready import READY, Ready

FORMATS = {format_.name: format_ for format_ in (CSV, CAMT, DATALINK)}

__all__ = ["FORMATS", "READY", "Balances", "Format", "Parsed", "ParsedLine", "Problem", "Ready"]
