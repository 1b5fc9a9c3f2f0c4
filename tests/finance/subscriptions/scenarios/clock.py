"""Dates as stories write them: "2027-01-31" is noon UTC of that day."""

from __future__ import annotations

from datetime import UTC, datetime


def at(text: str) -> datetime:
    """Read "2027-01-31" or "2027-01-31 09:30"."""
    day, _, time = text.partition(" ")
    return datetime.fromisoformat(f"{day}T{time or '12:00'}").replace(tzinfo=UTC)


def day(moment: datetime | None) -> str:
    """Write a moment as stories do."""
    if moment is None:
        return ""
    moment = moment.astimezone(UTC)
    return (
        f"{moment:%Y-%m-%d}"
        if (moment.hour, moment.minute) == (12, 0)
        else (f"{moment:%Y-%m-%d %H:%M}")
    )
