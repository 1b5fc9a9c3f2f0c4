"""The terms of a scheme, as they are set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Terms:
    """``hold_days`` are open days of the scheme, ``notice_days`` calendar days."""

    cut_off: time
    hold_days: int
    notice_days: int
    statement_settles: bool


def terms_of(scheme: str) -> Terms:
    given = settings.DEBIT_TERMS[str(scheme)]
    return Terms(
        cut_off=time.fromisoformat(str(given["cut_off"])),
        hold_days=int(str(given["hold_days"])),
        notice_days=int(str(given["notice_days"])),
        statement_settles=bool(given["statement_settles"]),
    )
