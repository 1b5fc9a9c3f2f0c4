"""How payments name what of a subscription they are for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PERIOD = re.compile(r"subscription:([0-9]{1,18}):(period|change):([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """``number`` is that of the period; of a change of plan, that of the period it ends."""

    subscription_id: int
    is_change: bool
    number: int

    @property
    def is_first(self) -> bool:
        return not self.is_change and self.number == 1


def of_period(subscription_id: int, number: int) -> str:
    """Return the name of a period: it is charged once, so payments have it once."""
    return f"subscription:{subscription_id}:period:{number}"


def of_change(subscription_id: int, number: int) -> str:
    """Return the name of the change of plan that ends a period."""
    return f"subscription:{subscription_id}:change:{number}"


def read(subject: str) -> Subject | None:
    """Return what a payment was for; None: no subscription."""
    found = _PERIOD.fullmatch(subject)
    if found is None:
        return None
    return Subject(int(found[1]), found[2] == "change", int(found[3]))
