"""What a closed month was closed with: its result, what stood at its end, where its proof is."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import NamedTuple

from django.db.models import F, Sum

from apps.core.money import Money
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import AccountType, EntryKind, PeriodState
from apps.finance.ledger.models import Block, CodeSnapshot, Period, PeriodMove
from apps.finance.ledger.selectors.periods import end_of
from apps.finance.ledger.selectors.totals import movements

RESULTS = {AccountType.INCOME, AccountType.EXPENSE}


class ClosedSheet(NamedTuple):
    """A closed month in one currency. ``equity`` includes results not yet closed into it."""

    currency: str
    result: Money
    assets: Money
    liabilities: Money
    equity: Money


class ClosedMonth(NamedTuple):
    """``balances`` are kept in its snapshot; ``block`` is the last of the chain when it closed."""

    closing: PeriodMove
    sheets: tuple[ClosedSheet, ...]
    balances: int
    block: Block | None


def closed_with(month: date) -> ClosedMonth | None:
    """Return what a month was closed with; None if it is not closed, or only by a later one."""
    closing = (
        PeriodMove.objects.filter(
            period__month=month, period__state=PeriodState.CLOSED, to_state=PeriodState.CLOSED
        )
        .select_related("by", "period")
        .order_by("-at", "-id")
        .first()
    )
    if closing is None:
        return None
    kept = list(_kept(month))
    return ClosedMonth(
        closing=closing,
        sheets=tuple(_sheets(month, kept)),
        balances=CodeSnapshot.objects.filter(month=month).count(),
        block=_block_at(closing.period),
    )


def _kept(month: date) -> list[tuple[str, str, int]]:
    """Return (code, currency, debits less credits) of the month's snapshot."""
    return list(
        CodeSnapshot.objects.filter(month=month)
        .values("code", "currency")
        .annotate(net=Sum(F("debits_minor") - F("credits_minor")))
        .values_list("code", "currency", "net")
    )


def _sheets(month: date, kept: list[tuple[str, str, int]]) -> list[ClosedSheet]:
    nets: dict[str, dict[AccountType, int]] = defaultdict(lambda: defaultdict(int))
    for code, currency, net in kept:
        nets[currency][CHART[code].type] += int(net)
    results: dict[str, int] = defaultdict(int)
    for row in movements(start=month, end=end_of(month)):
        if CHART[row.code].type in RESULTS and row.kind != EntryKind.PERIOD_CLOSE:
            results[row.currency] += row.credits_minor - row.debits_minor
    return [
        ClosedSheet(
            currency,
            result=Money(results[currency], currency),
            assets=Money(of_type[AccountType.ASSET], currency),
            liabilities=Money(-of_type[AccountType.LIABILITY], currency),
            equity=Money(-sum(of_type[each] for each in (AccountType.EQUITY, *RESULTS)), currency),
        )
        for currency, of_type in sorted(nets.items())
    ]


def _block_at(period: Period) -> Block | None:
    """Return the last block whose entries were all posted when the month was closed."""
    return (
        Block.objects.filter(newest_posted_at__lte=period.closed_at)
        .order_by("-newest_posted_at", "-number")
        .first()
    )
