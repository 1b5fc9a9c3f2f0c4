"""The rails money leaves by. A rail is one module; ``rail_for`` finds it by its code."""

from apps.payouts.adapters.base import (
    Found,
    Instruction,
    Later,
    Outcome,
    Paid,
    Rail,
    Record,
    Refused,
    Unclear,
    Unknown,
)
from apps.payouts.adapters.paxum import Paxum

__all__ = [
    "Found",
    "Instruction",
    "Later",
    "Outcome",
    "Paid",
    "Rail",
    "Record",
    "Refused",
    "Unclear",
    "Unknown",
    "rail_for",
]

RAILS: dict[str, Rail] = {"PAXUM": Paxum()}


def rail_for(code: str) -> Rail:
    """Return the rail of that code, which a stored method always has."""
    return RAILS[code]
