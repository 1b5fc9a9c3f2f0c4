"""What the books say, per currency and code, and what it is worth in one currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from apps.core.money import Money
from apps.finance.fx import selectors as fx
from apps.finance.fx.errors import RateMissing
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger.choices import EntryKind
from apps.finance.reports.rules import periods
from apps.finance.reports.rules.layouts import is_result
from apps.finance.reports.rules.periods import Period
from apps.finance.reports.rules.statements import RateUsed, Scope

#: Currency -> something, often chart code -> debits less credits in the smallest unit.
Nets = dict[str, dict[str, int]]
Rows = Iterable["ledger_selectors.MovementRow"]
#: So many days a month may begin with without a published rate: New Year's, and a weekend.
HOLIDAYS = 4


def movements(scope: Scope, period: Period) -> list[ledger_selectors.MovementRow]:
    """Return what moved in a period, within the brand and the currency asked for."""
    return ledger_selectors.movements(
        start=period.start,
        end=period.end,
        cluster=scope.cluster or None,
        currency=scope.currency or None,
    )


def balances(scope: Scope, on: date) -> Nets:
    """Return what stood on each code at the end of a day, debits less credits."""
    nets: Nets = defaultdict(lambda: defaultdict(int))
    for row in ledger_selectors.balances_on(
        on=on, cluster=scope.cluster or None, currency=scope.currency or None
    ):
        nets[row.currency][row.code] += row.debits_minor - row.credits_minor
    return nets


def results(scope: Scope, period: Period, *, closing: bool = False) -> Nets:
    """Return income and expenses of a period, debits less credits.

    The entries that close a year move them into equity and are no part of the result; with
    ``closing`` they count, which leaves what is not closed yet.
    """
    nets: Nets = defaultdict(lambda: defaultdict(int))
    for row in movements(scope, period):
        if is_result(row.code) and (closing or row.kind != EntryKind.PERIOD_CLOSE):
            nets[row.currency][row.code] += row.debits_minor - row.credits_minor
    return nets


def before(day: date) -> date:
    """Return the day before, to which what was there at the beginning is added up."""
    return day - timedelta(days=1)


def translator(scope: Scope) -> Translator | None:
    """Return what turns amounts into the currency asked for, if one is."""
    return Translator(scope.translate_to, scope.today) if scope.translate_to else None


@dataclass(slots=True)
class Translator:
    """Turns amounts into one currency, and remembers the rates it took.

    A day or month that is not over has no rate of its end yet: it takes today's, or what the
    month's average is until today.
    """

    to: str
    today: date = date.max
    used: dict[tuple[str, str, date], RateUsed] = field(default_factory=dict)
    averages: dict[tuple[str, date, date], fx.Rate] = field(default_factory=dict)

    def at_close(self, nets: Nets, on: date) -> dict[str, int]:
        """Translate at the rate of a day (IAS 21.39a) and add up, by code.

        :raises RateMissing: a currency with an amount has no rate that day
        """
        total: dict[str, int] = defaultdict(int)
        for currency, by_code in sorted(nets.items()):
            if any(by_code.values()):
                rate = self._closing(currency, on)
                _add(total, by_code, rate)
        return total

    def by_months(
        self, read: Callable[[Period], Nets], period: Period, *, among: Nets
    ) -> dict[str, int]:
        """Translate what moved at the average rate of each month (IAS 21.39b and 21.40).

        Every month is rounded for itself, so that a year is the sum of its months. ``among`` are
        the whole period's amounts: where they are all in our currency, no month is read.

        :raises RateMissing: a month with amounts has no average
        """
        if all(currency == self.to or not any(among[currency].values()) for currency in among):
            return dict(among.get(self.to, {}))
        total: dict[str, int] = defaultdict(int)
        for month in periods.months_within(period):
            for currency, by_code in sorted(read(month).items()):
                if any(by_code.values()):
                    _add(total, by_code, self._average(currency, month))
        return total

    def closing(self, money: Money, on: date) -> Money:
        """Translate one amount at the rate of a day."""
        return self._closing(money.currency, on).apply(money)

    @property
    def rates(self) -> tuple[RateUsed, ...]:
        return tuple(self.used[key] for key in sorted(self.used))

    def _closing(self, currency: str, on: date) -> fx.Rate:
        rate = fx.rate_on(base=currency, quote=self.to, on=min(on, self.today))
        return self._seen("closing", rate)

    def _average(self, currency: str, month: Period) -> fx.Rate:
        """Ask once for each month, also where its days are translated one by one.

        The first days of a month may be holidays, on which no rate is published: the rate of
        their last day, which is one of the month before, stands for them.
        """
        first, until = month.start.replace(day=1), min(month.end, self.today)
        if first > until:
            return self._closing(currency, until)
        key = (currency, first, until)
        if key not in self.averages:
            try:
                self.averages[key] = fx.average_rate(
                    base=currency, quote=self.to, month=first, until=until
                )
            except RateMissing:
                if (until - first).days >= HOLIDAYS:
                    raise
                return self._closing(currency, until)
        return self._seen("average", self.averages[key])

    def _seen(self, basis: str, rate: fx.Rate) -> fx.Rate:
        if rate.base != rate.quote:
            self.used[rate.base, basis, rate.on] = RateUsed(
                base=rate.base,
                quote=rate.quote,
                rate=rate.decimal(),
                basis=basis,
                on=rate.on,
                source=", ".join(rate.sources),
            )
        return rate


def _add(total: dict[str, int], by_code: Mapping[str, int], rate: fx.Rate) -> None:
    for code, minor in by_code.items():
        total[code] += rate.apply(Money(minor, rate.base)).minor
