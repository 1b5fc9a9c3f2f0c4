"""What one currency is worth in another on a day, or over a month."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import date, datetime, timedelta
from fractions import Fraction

from django.db import connection

from apps.core.money import SCALES, Money, UnknownCurrency
from apps.finance.fx import errors
from apps.finance.fx.choices import RANK
from apps.finance.fx.rules import rates
from apps.finance.fx.rules.rates import Leg, Rate

_LATEST = """
SELECT DISTINCT ON (r.base, r.quote) r.base, r.quote, r."on", r.rate, r.source
  FROM unnest(%s::text[], %s::text[], %s::date[]) AS asked (base, quote, since)
  JOIN fx_exchangerate r ON r.base = asked.base AND r.quote = asked.quote
 WHERE r."on" BETWEEN asked.since AND %s AND (%s::timestamptz IS NULL OR r.recorded_at <= %s)
 ORDER BY r.base, r.quote, r."on" DESC, r.id DESC
"""
_EVERY_DAY = """
SELECT DISTINCT ON (r.base, r.quote, r."on") r.base, r.quote, r."on", r.rate, r.source
  FROM unnest(%s::text[], %s::text[]) AS asked (base, quote)
  JOIN fx_exchangerate r ON r.base = asked.base AND r.quote = asked.quote
 WHERE r."on" BETWEEN %s AND %s AND (%s::timestamptz IS NULL OR r.recorded_at <= %s)
 ORDER BY r.base, r.quote, r."on", r.id DESC
"""


def rate_on(
    *,
    base: str,
    quote: str,
    on: date,
    known_at: datetime | None = None,
    most_age_days: int | None = None,
) -> Rate:
    """Return what a unit of ``base`` is worth in ``quote`` on a day.

    Pairs without a published rate are crossed over the euro or the dollar, exactly. A day without
    a rate takes the last one before it, as long as it is at most ``most_age_days`` older (by
    default 5 for money, 1 for crypto assets); ``Rate.legs`` say which days were used.
    ``known_at`` leaves out what was recorded later: with it a report of last month comes out as
    it did then.

    :raises UnknownCurrency: the platform has no such currency
    :raises RateMissing: no rate, or only older ones
    """
    _check_known(base, quote)
    if base == quote:
        return rates.itself(base, on)
    ways = rates.paths(base, quote)
    legs = _latest({pair for way in ways for pair in rates.pairs_of(way)}, on, known_at,
                   most_age_days)  # fmt: skip
    for way in ways:
        found = rates.cross(way, legs, on)
        if found is not None:
            return found
    raise errors.RateMissing(pair=f"{base}/{quote}", on=on.isoformat())


def convert(*, money: Money, to: str, on: date, known_at: datetime | None = None) -> Money:
    """Return what an amount is worth in another currency on a day.

    One rounding to the smallest unit of ``to``, a half away from zero.

    :raises UnknownCurrency: the platform has no such currency
    :raises RateMissing: no rate, or only older ones
    :raises AmountTooLarge: the result does not fit
    """
    return rate_on(base=money.currency, quote=to, on=on, known_at=known_at).apply(money)


def average_rate(
    *,
    base: str,
    quote: str,
    month: date,
    until: date | None = None,
    known_at: datetime | None = None,
) -> Rate:
    """Return the mean of a month's published rates (IAS 21.40: an average may stand for the days).

    The plain arithmetic mean of what a unit of ``base`` was worth in ``quote``, over the days on
    which every rate it needs was published. It is exact; it is not the inverse of the average of
    quote/base. ``until`` ends a month not yet over.

    :raises UnknownCurrency: the platform has no such currency
    :raises RateMissing: the month has a gap longer than a single rate may serve
    """
    _check_known(base, quote)
    first, last = _month(month)
    last = min(last, until) if until else last
    if base == quote:
        return rates.itself(base, last)
    ways = rates.paths(base, quote)
    wanted = {pair for way in ways for pair in rates.pairs_of(way)}
    by_day = _every_day(wanted, first, last, known_at)
    for way in ways:
        found = [rates.cross(way, by_day[day], day) for day in sorted(by_day)]
        days = [each for each in found if each is not None]
        age = min(rates.most_age(*pair) for pair in rates.pairs_of(way))
        if days and _without_gaps([each.on for each in days], first, last, age):
            mean = sum((each.ratio for each in days), Fraction(0)) / len(days)
            return Rate(base, quote, last, mean, days=len(days))
    raise errors.RateMissing(pair=f"{base}/{quote}", month=first.strftime("%Y-%m"))


def youngest_rates(*, on: date) -> dict[tuple[str, str], int]:
    """Return how many days old the youngest rate is of every pair that had one in a year.

    For the alert: what is older than ``rates.most_age`` will be refused.
    """
    pairs = {(a, b) for n, a in enumerate(RANK) for b in RANK[n + 1 :]}
    return {pair: (on - leg.on).days for pair, leg in _latest(pairs, on, None, 366).items()}


def _latest(
    pairs: set[tuple[str, str]], on: date, known_at: datetime | None, age: int | None
) -> dict[tuple[str, str], Leg]:
    asked = sorted(pairs)
    since = [on - timedelta(days=rates.most_age(*pair) if age is None else age) for pair in asked]
    with connection.cursor() as cursor:
        cursor.execute(
            _LATEST,
            [[b for b, _ in asked], [q for _, q in asked], since, on, known_at, known_at],
        )
        return {(row[0], row[1]): Leg(*row) for row in cursor.fetchall()}


def _every_day(
    pairs: set[tuple[str, str]], first: date, last: date, known_at: datetime | None
) -> dict[date, dict[tuple[str, str], Leg]]:
    asked = sorted(pairs)
    found: dict[date, dict[tuple[str, str], Leg]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            _EVERY_DAY,
            [[b for b, _ in asked], [q for _, q in asked], first, last, known_at, known_at],
        )
        for row in cursor.fetchall():
            found[row[2]][row[0], row[1]] = Leg(*row)
    return found


def _without_gaps(days: list[date], first: date, last: date, age: int) -> bool:
    """Test that each day of the span has a rate, or one before it that is young enough.

    The days before the month's first rate belong to a rate of the month before.
    """
    marks = [first, *days, last]
    return all((b - a).days <= age for a, b in itertools.pairwise(marks))


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _check_known(*currencies: str) -> None:
    for currency in currencies:
        if currency not in SCALES:
            raise UnknownCurrency(currency=currency[:20])
