"""Analytics: volumes, payers, revenue and success, by brand, kind and gateway; and series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.payments.choices import PAID, Kind, Status
from apps.finance.payments.selectors import analytics
from apps.finance.payments.selectors.analytics import OutcomeRow
from apps.finance.reports.rules.insights import (
    Decline,
    Insights,
    InsightSheet,
    Outcome,
    Place,
    Slice,
    percent_of,
)
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Drill, Scope
from apps.finance.reports.selectors import amounts
from apps.finance.reports.selectors.amounts import Nets
from apps.finance.reports.selectors.statements import drill_of

REVENUE = "4000"
#: Gateway "" is a payment from the wallet.
WALLET = "wallet"


@reads_one_state
def insights(scope: Scope) -> Insights:
    """Return the analytics of a period, and of the one it is compared with.

    Volume counts payments by the day of their capture; revenue counts entries by accounting
    date. Translated, each month takes its average rate.

    :raises RateMissing: an amount to translate has no rate
    """
    compared = None
    if scope.compared is not None:
        compared = _insights(scope, scope.compared)
    return _insights(scope, scope.period, compared)


def _insights(scope: Scope, period: Period, compared: Insights | None = None) -> Insights:
    start, end, cluster = period.start, period.end, scope.cluster
    nets = _read(scope, period)
    counts = _counts(scope, period)
    rates = amounts.translator(scope)
    if rates is not None:
        nets = {rates.to: rates.by_months(lambda month: _read(scope, month), period, among=nets)}
        counts = {rates.to: sum(counts.values())}
    sheets = tuple(
        _sheet(scope, period, currency, nets.get(currency, {}), counts.get(currency, 0))
        for currency in sorted(set(nets) | ({scope.currency or scope.translate_to} - {""}))
    )
    return Insights(
        scope=scope,
        period=period,
        payers=analytics.active_payers(
            start=start, end=end, cluster=cluster, currency=scope.currency
        ),
        sheets=sheets,
        outcomes=_outcomes(analytics.outcomes_of(start=start, end=end, cluster=cluster)),
        declines=tuple(
            Decline(*row) for row in analytics.declines_of(start=start, end=end, cluster=cluster)
        ),
        places=tuple(
            Place(
                row.place,
                row.payments,
                Money(row.gross_minor - row.tax_minor, row.currency),
                Money(row.tax_minor, row.currency),
            )
            for row in analytics.places_of(
                start=start, end=end, cluster=cluster, currency=scope.currency
            )
        ),
        rates=rates.rates if rates else (),
        compared=compared,
    )


def _read(scope: Scope, period: Period) -> Nets:
    """Return amounts per currency, named ``volume_by_kind:TIP`` and so on."""
    nets: Nets = defaultdict(lambda: defaultdict(int))
    for row in analytics.volume_of(start=period.start, end=period.end, cluster=scope.cluster):
        if scope.currency in {"", row.currency}:
            found, gateway = nets[row.currency], row.gateway or WALLET
            found[f"volume_by_kind:{row.kind}"] += row.gross_minor
            found[f"volume_by_brand:{row.cluster}"] += row.gross_minor
            found[f"volume_by_gateway:{gateway}"] += row.gross_minor
            found[f"fees_by_gateway:{gateway}"] += row.platform_fee_minor
    for moved in amounts.movements(scope, period):
        if moved.code == REVENUE and moved.kind != EntryKind.PERIOD_CLOSE:
            found, minor = nets[moved.currency], moved.credits_minor - moved.debits_minor
            found[f"revenue_by_kind:{moved.kind}"] += minor
            found[f"revenue_by_brand:{moved.cluster}"] += minor
    return nets


def _counts(scope: Scope, period: Period) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for row in analytics.volume_of(start=period.start, end=period.end, cluster=scope.cluster):
        if scope.currency in {"", row.currency}:
            counts[row.currency] += row.payments
    return counts


def _sheet(
    scope: Scope, period: Period, currency: str, found: Mapping[str, int], payments: int
) -> InsightSheet:
    volume = _sum(found, "volume_by_kind")
    revenue = _sum(found, "revenue_by_kind")
    return InsightSheet(
        currency=currency,
        volume=Money(volume, currency),
        payments=payments,
        payers=analytics.active_payers(
            start=period.start,
            end=period.end,
            cluster=scope.cluster,
            currency="" if scope.translate_to else currency,
        ),
        revenue=Money(revenue, currency),
        revenue_drill=_drill(scope, period, currency),
        **{
            name: _slices(scope, period, found, name, currency)
            for name in (
                "volume_by_kind",
                "volume_by_brand",
                "volume_by_gateway",
                "revenue_by_kind",
                "revenue_by_brand",
                "fees_by_gateway",
            )
        },
    )


def _sum(found: Mapping[str, int], name: str) -> int:
    return sum(minor for key, minor in found.items() if key.startswith(f"{name}:"))


def _drill(
    scope: Scope, period: Period, currency: str, name: str = "", key: str = ""
) -> Drill | None:
    """Return the filter of revenue, of a kind or a brand; None of what the books do not have."""
    start, end, but = period.start, period.end, (EntryKind.PERIOD_CLOSE,)
    match name:
        case "revenue_by_kind":
            return drill_of(scope, (REVENUE,), currency, start, end, kinds=(key,))
        case "revenue_by_brand" if key:
            part = replace(scope, cluster=key)
            return drill_of(part, (REVENUE,), currency, start, end, but=but)
        case "":
            return drill_of(scope, (REVENUE,), currency, start, end, but=but)
    return None


def _slices(
    scope: Scope, period: Period, found: Mapping[str, int], name: str, currency: str
) -> tuple[Slice, ...]:
    """Return the parts of one cut, the largest first."""
    parts = {
        key.partition(":")[2]: minor
        for key, minor in found.items()
        if key.startswith(f"{name}:") and minor
    }
    whole = sum(parts.values())
    return tuple(
        Slice(
            key,
            _label(name, key),
            Money(minor, currency),
            percent_of(minor, whole),
            _drill(scope, period, currency, name, key),
        )
        for key, minor in sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    )


def _label(name: str, key: str) -> str:
    if name == "volume_by_kind":
        return str(Kind(key).label)
    if name == "revenue_by_kind":
        return str(EntryKind(key).label)
    return key or "No brand"


def _outcomes(rows: Iterable[OutcomeRow]) -> tuple[Outcome, ...]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        counts[row.gateway or WALLET][row.status] += row.payments
    return tuple(
        Outcome(
            gateway=gateway,
            started=sum(found.values()),
            captured=sum(found[status] for status in PAID),
            declined=found[Status.FAILED],
            abandoned=found[Status.EXPIRED],
            unknown=found[Status.UNKNOWN],
        )
        for gateway, found in sorted(counts.items())
    )
