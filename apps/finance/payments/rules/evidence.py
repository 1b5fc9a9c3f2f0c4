"""What an evidence pack is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

#: The history's words for it.
RECEIPT_MAILED = "The receipt was mailed to the payer"


def receipt_key(transaction_id: int) -> str:
    """Return the key of the mail that is a payment's receipt, whatever its kind."""
    return f"transaction:{transaction_id}:receipt"


@dataclass(frozen=True, slots=True)
class Section:
    """One chapter: rows under headings; without headings pairs of a label and a value.

    ``note`` says what the reader at the bank should see in it.
    """

    title: str
    rows: Sequence[Sequence[str]]
    headings: Sequence[str] = ()
    note: str = ""
    empty: str = "Nothing is on record."


def moment(at: datetime | None) -> str:
    """Write a moment as a bank reads it: ``2026-01-15 12:00:00 UTC``."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "not known"
