"""The cash flow statement, by the direct method: where money came from and where it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.selectors import journal
from apps.finance.reports.choices import Cash, Role
from apps.finance.reports.rules.cash import (
    BY_COUNTERPART,
    CASH_CODES,
    class_of_code,
    class_of_kind,
    codes_against,
)
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import Column, Drill, Figure, Report, Row, Scope, Sheet
from apps.finance.reports.selectors import amounts
from apps.finance.reports.selectors.amounts import Nets, Translator, before
from apps.finance.reports.selectors.statements import ACCRUAL, AVERAGE, drill_of

DIRECT = "Direct method, from the journal (IAS 7.18a). Cash is money at banks and payout rails."
#: What a flow is called in ``Nets``: class and kind of entry.
_SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class _Flow:
    """One column in one currency: flows by ``class:kind``, and cash at both ends."""

    flows: Mapping[str, int]
    opening: int
    closing: int

    @property
    def of_rates(self) -> int:
        """What the flows do not explain: nothing in one currency, rates' changes translated."""
        return self.closing - self.opening - sum(self.flows.values())


@reads_one_state
def cash_flow(scope: Scope) -> Report:
    """Return the cash of a period by class (operating, investing, financing) and kind of entry.

    Reversals, corrections and adjustments are classed by what stands against the cash. Opening
    cash plus flows is closing cash: the proof line. Translated, flows take each month's average
    rate and cash the rate of its day (IAS 7.25 to 7.28); the effect of the rates is a line.

    :raises RateMissing: an amount to translate has no rate
    """
    columns = scope.columns
    rates = amounts.translator(scope)
    flows = [_column(scope, column.period, rates) for column in columns]
    found = {c for column in flows for c, flow in column.items() if flow.flows or flow.opening}
    sheets = tuple(
        Sheet(currency, tuple(_rows(scope, columns, [f.get(currency) for f in flows], currency)))
        for currency in sorted(found | ({scope.currency or scope.translate_to} - {""}))
    )
    basis = f"{DIRECT} {AVERAGE}" if rates else f"{DIRECT} {ACCRUAL}"
    used = rates.rates if rates else ()
    return Report("cash-flow", "Cash flow", scope, columns, sheets, basis, used)


def _column(scope: Scope, period: Period, rates: Translator | None) -> dict[str, _Flow]:
    flows = _flows(scope, period)
    opening, closing = _cash(scope, before(period.start)), _cash(scope, period.end)
    if rates is None:
        return {
            currency: _Flow(
                flows.get(currency, {}),
                sum(opening.get(currency, {}).values()),
                sum(closing.get(currency, {}).values()),
            )
            for currency in {*flows, *opening, *closing}
        }
    return {
        scope.translate_to: _Flow(
            rates.by_months(lambda month: _flows(scope, month), period, among=flows),
            sum(rates.at_close(opening, before(period.start)).values()),
            sum(rates.at_close(closing, period.end).values()),
        )
    }


def _cash(scope: Scope, on: date) -> Nets:
    return {
        currency: {code: by_code[code] for code in CASH_CODES if by_code.get(code)}
        for currency, by_code in amounts.balances(scope, on).items()
    }


def _flows(scope: Scope, period: Period) -> Nets:
    """Return the cash of a period by currency and ``class:kind``; what came in is positive."""
    nets: Nets = defaultdict(lambda: defaultdict(int))
    unclear = False
    for row in amounts.movements(scope, period):
        if row.code not in CASH_CODES:
            continue
        if row.kind in BY_COUNTERPART:
            unclear = True
            continue
        nets[row.currency][_name(class_of_kind(row.kind), row.kind)] += (
            row.debits_minor - row.credits_minor
        )
    if unclear:
        for kind, code, currency, minor in journal.cash_against(
            start=period.start,
            end=period.end,
            kinds=BY_COUNTERPART,
            cash=CASH_CODES,
            cluster=scope.cluster or None,
            currency=scope.currency or None,
        ):
            nets[currency][_name(class_of_code(code), kind)] += minor
    return {
        currency: {name: minor for name, minor in flows.items() if minor}
        for currency, flows in nets.items()
    }


def _name(group: Cash, kind: str) -> str:
    return f"{group.value}{_SEPARATOR}{kind}"


def _rows(
    scope: Scope, columns: Sequence[Column], flows: Sequence[_Flow | None], currency: str
) -> list[Row]:
    mine = [flow or _Flow({}, 0, 0) for flow in flows]
    names = {name for flow in mine for name in flow.flows}
    rows: list[Row] = []
    for group in Cash:
        kinds = [kind for kind in EntryKind.values if _name(group, kind) in names]
        if group != Cash.EXCHANGE or kinds:
            rows += _section(scope, columns, mine, currency, group, kinds)
    change = [sum(flow.flows.values()) for flow in mine]
    opening, closing = [flow.opening for flow in mine], [flow.closing for flow in mine]
    away = [flow.of_rates for flow in mine]
    starts = [before(column.period.start) for column in columns]
    ends = [column.period.end for column in columns]
    moved = tuple(
        Figure(
            Money(minor, currency),
            drill_of(scope, CASH_CODES, currency, column.period.start, column.period.end),
        )
        for minor, column in zip(change, columns, strict=True)
    )
    rows.append(Row("change", "Change in cash", 0, Role.TOTAL, moved))
    rows.append(_cash_row(scope, "opening", "Cash at the start", opening, starts, currency))
    if scope.translate_to and any(away):
        label = "Effect of exchange rates on cash"
        rows.append(_row("rates", label, Role.LINE, away, currency))
        away = [0 for _ in away]
    rows.append(_cash_row(scope, "closing", "Cash at the end", closing, ends, currency))
    rows.append(_row("proof", "Closing less opening less flows", Role.PROOF, away, currency))
    return rows


def _section(  # noqa: PLR0917
    scope: Scope,
    columns: Sequence[Column],
    flows: Sequence[_Flow],
    currency: str,
    group: Cash,
    kinds: Iterable[str],
) -> list[Row]:
    rows = [Row(group.value, str(group.label), 0, Role.HEADING)]
    sums, kinds = [0] * len(columns), tuple(kinds)
    for kind in kinds:
        minors = [flow.flows.get(_name(group, kind), 0) for flow in flows]
        sums = [a + b for a, b in zip(sums, minors, strict=True)]
        figures = tuple(
            Figure(Money(minor, currency), _drill(scope, column, currency, group, kind))
            for minor, column in zip(minors, columns, strict=True)
        )
        label = str(EntryKind(kind).label)
        rows.append(Row(_name(group, kind), label, 1, Role.LINE, figures))
    label = f"Cash from {str(group.label).lower()}"
    if group == Cash.EXCHANGE:
        label = "Cash from exchange between currencies"
    total = tuple(
        Figure(Money(minor, currency), _drill(scope, column, currency, group, *kinds))
        for minor, column in zip(sums, columns, strict=True)
    )
    return [*rows, Row(f"{group.value}_total", label, 0, Role.SUBTOTAL, total)]


def _drill(scope: Scope, column: Column, currency: str, group: Cash, *kinds: str) -> Drill | None:
    """Return the filter of the cash of some kinds of entry.

    Where what stands against the cash decides of the class, its lines are the figure, with the
    sign turned. No filter has both sorts: of such a sum the lines above lead to their entries.
    """
    start, end = column.period.start, column.period.end
    by_counterpart = [kind in BY_COUNTERPART for kind in kinds]
    if not any(by_counterpart) and kinds:
        return drill_of(scope, CASH_CODES, currency, start, end, kinds=kinds)
    if not all(by_counterpart) or not kinds:
        return None
    codes = codes_against(group)
    return drill_of(scope, codes, currency, start, end, kinds=kinds, beside=CASH_CODES)


def _cash_row(  # noqa: PLR0917
    scope: Scope, key: str, label: str, minors: Sequence[int], days: Sequence[date], currency: str
) -> Row:
    figures = tuple(
        Figure(Money(minor, currency), drill_of(scope, CASH_CODES, currency, None, day))
        for minor, day in zip(minors, days, strict=True)
    )
    return Row(key, label, 0, Role.SUBTOTAL, figures)


def _row(key: str, label: str, role: Role, minors: Sequence[int], currency: str) -> Row:
    return Row(key, label, 0, role, tuple(Figure(Money(minor, currency)) for minor in minors))
