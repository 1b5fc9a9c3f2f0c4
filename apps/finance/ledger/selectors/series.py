"""What moved day by day or month by month, from the totals: the points of a chart."""

# ruff: noqa: S608 - only constants of this module are put together

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from apps.finance.ledger.selectors.totals import rows, span


class SeriesRow(NamedTuple):
    """Debits less credits of one chart code on one day, or in one month (its first day)."""

    day: date
    code: str
    currency: str
    net_minor: int


_NET = "debits_minor - credits_minor AS net"
_DAYS = f"""
    SELECT day, code, currency, cluster, kind, {_NET}
      FROM ledger_daytotal WHERE day BETWEEN %(start)s AND %(end)s
     UNION ALL
    SELECT day, code, currency, cluster, kind, amount FROM ledger_tail(%(start)s, %(end)s)
"""
_MONTHS = f"""
    SELECT month AS day, code, currency, cluster, kind, {_NET}
      FROM ledger_monthtotal WHERE month >= %(month_from)s AND month < %(month_to)s
     UNION ALL
    SELECT date_trunc('month', day)::date, code, currency, cluster, kind, {_NET}
      FROM ledger_daytotal
     WHERE day >= %(start)s AND day < %(head_to)s OR day >= %(rest_from)s AND day <= %(end)s
     UNION ALL
    SELECT date_trunc('month', day)::date, code, currency, cluster, kind, amount
      FROM ledger_tail(%(start)s, %(end)s)
"""


def moved_by_day(
    *, start: date, end: date, codes: tuple[str, ...], but_kinds: tuple[str, ...] = (),
    cluster: str = "", currency: str = "",
) -> list[SeriesRow]:  # fmt: skip
    """Return what moved on some codes on each day; days without movement are left out."""
    return _moved(_DAYS, start, end, codes, but_kinds, cluster, currency)


def moved_by_month(
    *, start: date, end: date, codes: tuple[str, ...], but_kinds: tuple[str, ...] = (),
    cluster: str = "", currency: str = "",
) -> list[SeriesRow]:  # fmt: skip
    """Return what moved on some codes in each month, within the days asked for."""
    return _moved(_MONTHS, start, end, codes, but_kinds, cluster, currency)


def _moved(  # noqa: PLR0917
    parts: str,
    start: date,
    end: date,
    codes: tuple[str, ...],
    but_kinds: tuple[str, ...],
    cluster: str,
    currency: str,
) -> list[SeriesRow]:
    query = f"""
        SELECT day, code, currency, sum(net)::bigint FROM ({parts}) p
         WHERE code = ANY(%(codes)s) AND kind <> ALL(%(but_kinds)s)
           AND (%(cluster)s = '' OR cluster = %(cluster)s)
           AND (%(currency)s = '' OR currency = %(currency)s)
         GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
    values = {
        **span(start, end),
        "codes": list(codes),
        "but_kinds": [str(kind) for kind in but_kinds],
        "cluster": cluster,
        "currency": currency,
    }
    return [SeriesRow(*row) for row in rows(query, values)]
