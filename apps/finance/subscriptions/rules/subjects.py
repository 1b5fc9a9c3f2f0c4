"""How payments name what of a subscription they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBER = "([0-9]{1,18})"
_PERIOD = re.compile(
    f"subscription:{_NUMBER}:(?:period:{_NUMBER}|change:{_NUMBER}(?::{_NUMBER})?)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Subject:
    """``number`` is that of the period; of a change of plan, that of the period it ends, and
    ``line`` that of the line of history it was agreed to in."""

    subscription_id: int
    is_change: bool
    number: int
    line: int = 0

    @property
    def is_first(self) -> bool:
        return not self.is_change and self.number == 1


def of_period(subscription_id: int, number: int) -> str:
    """Return the name of a period: it is charged once, so payments have it once."""
    return f"subscription:{subscription_id}:period:{number}"


def of_change(subscription_id: int, number: int, line: int) -> str:
    """Return the name of the change of plan that ends a period, as one line of history has it:
    whoever agrees to another, or once more, pays for another thing."""
    return f"subscription:{subscription_id}:change:{number}:{line}"


def read(subject: str) -> Subject | None:
    """Return what a payment was for; None: no subscription."""
    found = _PERIOD.fullmatch(subject)
    if found is None:
        return None
    pk, period, change, line = found.groups()
    if period is not None:
        return Subject(int(pk), is_change=False, number=int(period))
    return Subject(int(pk), is_change=True, number=int(change), line=int(line or 0))
