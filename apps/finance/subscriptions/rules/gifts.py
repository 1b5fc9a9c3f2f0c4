"""How gifts are named, and for how long they wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

#: Not taken within, what was paid goes back the way it came.
TAKE_WITHIN = timedelta(days=60)
#: Without those that look like one another (0 and O, 1, I and L).
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 4
_SUBJECT = re.compile(r"gift:([0-9]{1,18})", re.ASCII)
MESSAGE_MAX = 280


def subject_of(gift_id: int) -> str:
    """Return how payments name what a gift's payment is for."""
    return f"gift:{gift_id}"


def read(subject: str) -> int | None:
    """Return the gift a payment was for; None: it was for none."""
    found = _SUBJECT.fullmatch(subject)
    return int(found[1]) if found else None


def new_code(choose: Callable[[str], str]) -> str:
    """Return ``XXXX-XXXX-XXXX-XXXX``: 79 bits where ``choose`` is ``secrets.choice``."""
    groups = ("".join(choose(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def as_code(text: str) -> str:
    """Return a code as it is kept, however it was typed."""
    plain = "".join(letter for letter in text.upper() if letter in _LETTERS)
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))
