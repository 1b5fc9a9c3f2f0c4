"""On which days banks settle: TARGET2 for SEPA, the Federal Reserve for ACH.

Sources: ECB, "TARGET closing days" (since 2002: Saturdays, Sundays, 1 January, Good Friday,
Easter Monday, 1 May, 25 and 26 December); Federal Reserve Banks, "Holiday schedules" (a holiday
on a Sunday is kept on Monday, one on a Saturday is not kept), 5 U.S.C. 6103 for the days.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.finance.debits.choices import Scheme

#: Juneteenth, Pub. L. 117-17; banks kept it first in 2022.
_JUNETEENTH_SINCE = 2022
_MONDAY, _THURSDAY, _SATURDAY, _SUNDAY = 0, 3, 5, 6
#: Where the banks of a scheme keep their clocks.
ZONE_OF = {Scheme.ACH: ZoneInfo("America/New_York"), Scheme.SEPA: ZoneInfo("Europe/Berlin")}


def easter(year: int) -> date:
    """Return Easter Sunday (anonymous Gregorian computus, Meeus)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    moon = (
        19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15
    ) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def is_open(day: date, scheme: Scheme) -> bool:
    """Test if the scheme settles on a day."""
    if day.weekday() in {_SATURDAY, _SUNDAY}:
        return False
    closed = _target(day.year) if scheme == Scheme.SEPA else _fed(day.year)
    return day not in closed


def open_day(day: date, scheme: Scheme) -> date:
    """Return the day itself or the first open one after it."""
    while not is_open(day, scheme):
        day += timedelta(days=1)
    return day


def days_later(day: date, count: int, scheme: Scheme) -> date:
    """Return the ``count``-th open day after a day."""
    for _ in range(count):
        day = open_day(day + timedelta(days=1), scheme)
    return day


def last_cut_off(now: datetime, at: time, scheme: Scheme) -> datetime:
    """Return the latest moment at or before ``now`` when a file of an open day was due."""
    local = now.astimezone(ZONE_OF[scheme])
    day = local.date()
    while not is_open(day, scheme) or datetime.combine(day, at, ZONE_OF[scheme]) > local:
        day -= timedelta(days=1)
    return datetime.combine(day, at, ZONE_OF[scheme])


def _target(year: int) -> frozenset[date]:
    sunday = easter(year)
    return frozenset({
        date(year, 1, 1), sunday - timedelta(days=2), sunday + timedelta(days=1),
        date(year, 5, 1), date(year, 12, 25), date(year, 12, 26),
    })  # fmt: skip


def _fed(year: int) -> frozenset[date]:
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= _JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    moved = {
        day + timedelta(days=1) if day.weekday() == _SUNDAY else day
        for day in fixed
        if day.weekday() != _SATURDAY
    }
    return frozenset(moved | {
        _nth(year, 1, _MONDAY, 3), _nth(year, 2, _MONDAY, 3), _last_monday_of_may(year),
        _nth(year, 9, _MONDAY, 1), _nth(year, 10, _MONDAY, 2), _nth(year, 11, _THURSDAY, 4),
    })  # fmt: skip


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=(last.weekday() - _MONDAY) % 7)
