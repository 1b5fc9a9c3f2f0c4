"""Accounting periods of reports, and what each is compared with. Days are inclusive, in UTC."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from apps.finance.reports import errors

#: No report covers more: a slip of a digit must not ask for a century of books.
MOST_YEARS = 10
#: The books take no date outside.
FIRST_YEAR, LAST_YEAR = 2000, 2199
FIRST_DAY = date(FIRST_YEAR, 1, 1)
MONTHS = 12
MONTHS_OF_QUARTER = 3
#: A quarter covers three months, 2026-Q1; a year and a month are read by their length.
_WRITTEN = re.compile(
    r"(?P<year>[0-9]{4})(-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII
)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from ``start`` to ``end``, both counted."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def months(self) -> int:
        """How many whole months this is, 0 if it begins or ends within one."""
        if self.start.day != 1 or not _ends_month(self.end):
            return 0
        return _ordinal(self.end) - _ordinal(self.start) + 1

    @property
    def label(self) -> str:
        """``2026``, ``Q1 2026``, ``January 2026`` or ``5 Jan 2026 to 2 Feb 2026``."""
        months = self.months
        if months == MONTHS and self.start.month == 1:
            return f"{self.start:%Y}"
        if months == MONTHS_OF_QUARTER and self.start.month % MONTHS_OF_QUARTER == 1:
            return f"Q{self.start.month // MONTHS_OF_QUARTER + 1} {self.start:%Y}"
        if months == 1:
            return f"{self.start:%B %Y}"
        if self.days == 1:
            return day_text(self.start)
        return f"{day_text(self.start)} to {day_text(self.end)}"


def period_between(start: date, end: date) -> Period:
    """Return the days from ``start`` to ``end``.

    :raises EndBeforeStart: it ends before it starts
    :raises PeriodTooLong: it covers over MOST_YEARS years
    """
    if end < start:
        raise errors.EndBeforeStart(start=start.isoformat(), end=end.isoformat())
    if _ordinal(end) - _ordinal(start) > MOST_YEARS * MONTHS or (
        end > _years_later(start, MOST_YEARS) - timedelta(days=1)
    ):
        raise errors.PeriodTooLong(start=start.isoformat(), end=end.isoformat())
    return Period(start, end)


def period_named(text: str) -> Period:
    """Read ``2026``, ``2026-Q1`` or ``2026-01``.

    :raises PeriodMalformed: it is none of these
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or not FIRST_YEAR <= int(found["year"]) <= LAST_YEAR:
        raise errors.PeriodMalformed(period=text[:40])
    year = int(found["year"])
    if found["quarter"]:
        first = (int(found["quarter"]) - 1) * MONTHS_OF_QUARTER + 1
        return Period(date(year, first, 1), _last_day(year, first + MONTHS_OF_QUARTER - 1))
    if found["month"]:
        return month_of(date(year, int(found["month"]), 1))
    return Period(date(year, 1, 1), date(year, MONTHS, 31))


def month_of(day: date) -> Period:
    """Return the whole month ``day`` falls in."""
    return Period(day.replace(day=1), _last_day(day.year, day.month))


def year_to(day: date) -> Period:
    """Return the days of the fiscal year (the calendar's) up to ``day``."""
    return Period(day.replace(month=1, day=1), day)


def previous(period: Period) -> Period:
    """Return the period just before: as many whole months, else as many days."""
    end = period.start - timedelta(days=1)
    months = period.months
    if months:
        year, month = divmod(_ordinal(period.start) - months, MONTHS)
        return Period(date(year, month + 1, 1), end)
    return Period(period.start - timedelta(days=period.days), end)


def year_before(period: Period) -> Period:
    """Return the same period a year earlier; whole months stay whole (29 February)."""
    return Period(
        _a_year_before(period.start), _a_year_before(period.end, of_end=period.start.day == 1)
    )


def months_within(period: Period) -> list[Period]:
    """Cut a period at the ends of its months, the oldest first."""
    parts, start = [], period.start
    while start <= period.end:
        end = min(_last_day(start.year, start.month), period.end)
        parts.append(Period(start, end))
        start = end + timedelta(days=1)
    return parts


def days_within(period: Period) -> list[Period]:
    """Cut a period into its days, the oldest first."""
    days = (period.start + timedelta(days=n) for n in range(period.days))
    return [Period(day, day) for day in days]


def day_text(day: date) -> str:
    """``5 Jan 2026``."""
    return f"{day.day} {day:%b %Y}"


def _a_year_before(day: date, *, of_end: bool = False) -> date:
    last = _last_day(day.year - 1, day.month)
    if of_end and _ends_month(day):
        return last
    return last if day.day > last.day else day.replace(year=day.year - 1)


def _years_later(day: date, years: int) -> date:
    if day.year + years > date.max.year:
        return date.max
    last = _last_day(day.year + years, day.month)
    return last if day.day > last.day else day.replace(year=day.year + years)


def _ordinal(day: date) -> int:
    return day.year * MONTHS + day.month - 1


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _ends_month(day: date) -> bool:
    return day == _last_day(day.year, day.month)
