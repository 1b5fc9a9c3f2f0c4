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
    #: How often a debit is presented again for lack of money, and after how many open days.
    retries: int = 0
    retry_after_days: int = 0
    #: Open days after its settlement in which a prenote comes back if it does (Nacha: three).
    prenote_days: int = 0


def terms_of(scheme: str) -> Terms:
    given = settings.DEBIT_TERMS[str(scheme)]
    return Terms(
        cut_off=time.fromisoformat(str(given["cut_off"])),
        hold_days=int(str(given["hold_days"])),
        notice_days=int(str(given["notice_days"])),
        statement_settles=bool(given["statement_settles"]),
        retries=int(str(given.get("retries", 0))),
        retry_after_days=int(str(given.get("retry_after_days", 0))),
        prenote_days=int(str(given.get("prenote_days", 0))),
    )
