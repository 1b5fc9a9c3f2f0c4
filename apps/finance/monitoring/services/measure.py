"""Measure every account against every line: from the payments, into a few rows."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import structlog
from django.db.transaction import atomic

from apps.finance.monitoring.choices import Level, Network, Programme
from apps.finance.monitoring.models import Alert, MidMonth, Standing, Threshold
from apps.finance.monitoring.rules import Month, level_of, reach_of
from apps.finance.payments.selectors import months as payments
from apps.finance.routing import services as routing

log = structlog.get_logger(__name__)

#: Until the fifth a projection says more about chance than about the month.
FORECAST_FROM_DAY = 5
#: A chargeback or a late capture changes the month before for some days yet.
LOOK_BACK_DAYS = 10
_ALERTED = (Level.HALF, Level.CLOSE, Level.NEAR, Level.OVER)
_COUNTS = ["sales", "sales_minor", "chargebacks", "fraud_chargebacks", "fraud_minor"]

#: Months of accounts: by account, then network.
Months = Mapping[int, Mapping[str, Month]]


@atomic
def measure(*, now: datetime) -> int:
    """
    Write this month's counts (in its first days also the last one's) and standings, raise alerts
    for levels newly reached and tell routing; return how many alerts were raised.

    Repeating it changes nothing but the time of measurement. Reads each payment of the month
    once, in the database; what comes back is a row for each account and network.
    """
    today = now.astimezone(UTC).date()
    this, last = today.replace(day=1), _before(today.replace(day=1))
    accounts = {row.account_id: row for row in payments.accounts()}
    if today.day <= LOOK_BACK_DAYS or not MidMonth.objects.filter(month=last).exists():
        _write_month(last, accounts, now)
        _stand(last, accounts, now, day=None)
    _write_month(this, accounts, now)
    standings = _stand(this, accounts, now, day=today.day)
    _tell_routing(standings, now)
    return _alert(standings, now)


def _write_month(month: date, accounts: Mapping[int, payments.AccountRow], now: datetime) -> None:
    rows = []
    for found in payments.month_counts(month=month):
        account = accounts[found.account_id]
        rows.append(
            MidMonth(
                account_id=found.account_id,
                account=account.label,
                cluster=account.cluster,
                gateway=account.gateway,
                currency=account.currency,
                month=month,
                network=found.network,
                sales=found.sales,
                sales_minor=found.sales_minor,
                chargebacks=found.chargebacks,
                fraud_chargebacks=found.fraud_chargebacks,
                fraud_minor=found.fraud_minor,
                fraud_reports=found.fraud_reports,
                measured_at=now,
            )
        )
    MidMonth.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account_id", "month", "network"],
        update_fields=[*_COUNTS, "fraud_reports", "account", "measured_at"],
    )


def _stand(
    month: date,
    accounts: Mapping[int, payments.AccountRow],
    now: datetime,
    *,
    day: int | None,
) -> list[Standing]:
    these, those = _months_of(month), _months_of(_before(month))
    days = monthrange(month.year, month.month)[1]
    rows = []
    for threshold in _lines_on(month):
        for account_id in these:
            counted = _of_network(these[account_id], threshold.network)
            before = _of_network(those.get(account_id, {}), threshold.network)
            reach = reach_of(threshold.line, month=counted, before=before)
            forecast = reach.reach_bps
            if day is not None and day >= FORECAST_FROM_DAY:
                whole = counted.projected(day=day, days=days)
                forecast = reach_of(threshold.line, month=whole, before=before).reach_bps
            account = accounts[account_id]
            rows.append(
                Standing(
                    account_id=account_id,
                    account=account.label,
                    cluster=account.cluster,
                    gateway=account.gateway,
                    month=month,
                    programme=threshold.programme,
                    count=reach.count,
                    ratio_bps=reach.ratio_bps,
                    line_bps=threshold.line_bps,
                    least_count=threshold.least_count,
                    reach_bps=reach.reach_bps,
                    forecast_bps=forecast,
                    level=level_of(reach.reach_bps),
                    measured_at=now,
                )
            )
    Standing.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account_id", "month", "programme"],
        update_fields=[
            "account", "count", "ratio_bps", "line_bps", "least_count", "reach_bps",
            "forecast_bps", "level", "measured_at",
        ],
    )  # fmt: skip
    return rows


def _lines_on(day: date) -> list[Threshold]:
    """Return the line of each programme as it stands on a day."""
    lines: dict[tuple[str, str], Threshold] = {}
    for row in Threshold.objects.filter(effective_from__lte=day).order_by("effective_from"):
        lines[row.programme, row.network] = row
    return list(lines.values())


def _months_of(month: date) -> dict[int, dict[str, Month]]:
    found: dict[int, dict[str, Month]] = defaultdict(dict)
    for row in MidMonth.objects.filter(month=month).order_by("account_id"):
        found[row.account_id][row.network] = row.counts
    return dict(found)


def _of_network(months: Mapping[str, Month], network: str) -> Month:
    if network == Network.ALL:
        return sum(months.values(), Month())
    return months.get(network, Month())


def _tell_routing(standings: list[Standing], now: datetime) -> None:
    """Routing leaves an account at 90 % of its worst line, whichever programme's it is."""
    worst: dict[int, Standing] = {}
    for standing in standings:
        if standing.account_id not in worst or (
            standing.reach_bps > worst[standing.account_id].reach_bps
        ):
            worst[standing.account_id] = standing
    for account_id, standing in sorted(worst.items()):
        routing.note_ratio(
            account_id=account_id,
            # In the line's own unit, all its conditions counted: a ratio of three sales is none.
            ratio_bps=standing.reach_bps * standing.line_bps // 10_000,
            limit_bps=standing.line_bps,
            programme=standing.programme,
            now=now,
        )


def _alert(standings: list[Standing], now: datetime) -> int:
    """Raise the level reached, and those below it that were jumped over count as raised."""
    raised = 0
    for standing in standings:
        reached = [level for level in _ALERTED if level_of_is_at_least(standing.level, level)]
        for level in reached:
            alert, is_new = Alert.objects.get_or_create(
                account_id=standing.account_id,
                month=standing.month,
                programme=standing.programme,
                level=level,
                defaults={
                    "account": standing.account,
                    "count": standing.count,
                    "ratio_bps": standing.ratio_bps,
                    "raised_at": now,
                },
            )
            if not is_new:
                continue
            raised += 1
            speak = log.error if level in {Level.NEAR, Level.OVER} else log.warning
            speak(
                "monitoring.line_near",
                alert=alert.pk,
                account=standing.account,
                programme=Programme(standing.programme).label,
                level=level,
                ratio_bps=standing.ratio_bps,
            )
    return raised


def level_of_is_at_least(level: str, other: Level) -> bool:
    """Test if ``level`` is ``other`` or beyond it."""
    order = list(Level.values)
    return order.index(level) >= order.index(other.value)


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)
