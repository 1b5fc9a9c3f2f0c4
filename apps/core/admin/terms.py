"""Reading what people paste into a search box."""

from __future__ import annotations

from uuid import UUID

#: Largest BIGINT: a longer number is no key of ours.
MAX_ID = 2**63 - 1


def as_uuid(term: str) -> UUID | None:
    """Return the public id that ``term`` is, or None."""
    try:
        return UUID(term)
    except ValueError:
        return None


def as_id(term: str) -> int | None:
    """Return the row number that ``term`` is (``17`` or ``#17``), or None."""
    digits = term.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(digits)
    return number if number <= MAX_ID else None
