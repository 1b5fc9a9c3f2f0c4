"""What a report is: columns over periods, sheets per currency, rows of figures that drill down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from apps.core.money import Money
from apps.finance.reports.choices import Cash, Role
from apps.finance.reports.rules.periods import Period

#: Revenue (IAS 1.82a) and the three classes of cash flows (IAS 7.10) are stated though zero.
STATED = frozenset({
    "revenue_total", *(f"{each}_total" for each in Cash if each != Cash.EXCHANGE)
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drill:
    """The filter that leaves exactly the lines a figure is made of; empty means any.

    ``start`` is None for a balance, which counts from the beginning of the books. ``side`` counts
    debits or credits alone; ``beside`` only lines of entries that also have one on such a code, in
    the same currency.
    """

    codes: tuple[str, ...]
    end: date
    start: date | None = None
    kinds: tuple[str, ...] = ()
    but_kinds: tuple[str, ...] = ()
    cluster: str = ""
    currency: str = ""
    owner: str = ""
    side: str = ""
    beside: tuple[str, ...] = ()

    def params(self) -> dict[str, str]:
        """Return it as the query of ``/api/v1/ledger/entries/``; lists are joined by commas."""
        named = {
            "code": ",".join(self.codes),
            "kind": ",".join(self.kinds),
            "not_kind": ",".join(self.but_kinds),
            "brand": self.cluster,
            "currency": self.currency,
            "owner": self.owner,
            "start": self.start.isoformat() if self.start else "",
            "end": self.end.isoformat(),
            "side": self.side,
            "beside": ",".join(self.beside),
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount of a report, and the way to its entries (None: it is computed, not posted)."""

    amount: Money
    drill: Drill | None = None


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    period: Period


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet: a figure for each column of the report, none for a heading."""

    key: str
    label: str
    level: int
    role: Role
    figures: tuple[Figure, ...] = ()
    code: str = ""

    @property
    def change(self) -> Money | None:
        """The first column less the second: against the period compared with."""
        match self.figures:
            case (current, before):
                return current.amount - before.amount
        return None

    @property
    def change_percent(self) -> Decimal | None:
        """The change in percent of the size it had, one decimal; None if it was nothing."""
        change = self.change
        if change is None or not self.figures[1].amount:
            return None
        share = Decimal(change.minor * 100) / abs(self.figures[1].amount.minor)
        return share.quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The report in one currency."""

    currency: str
    rows: tuple[Row, ...]

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows of a page: without the headings and sums of sections that hold nothing.

        Files have all rows, so that the next month's has the same ones. A page keeps the sums
        that a statement must present (STATED).
        """
        kept: list[Row] = []
        for row in self.rows:
            if row.role == Role.SUBTOTAL and kept and kept[-1].role == Role.HEADING:
                kept.pop()
                if row.key not in STATED and not any(figure.amount for figure in row.figures):
                    continue
            kept.append(row)
        return tuple(kept)

    def row(self, key: str) -> Row:
        """Return the row of that key.

        :raises KeyError: there is none
        """
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class RateUsed:
    """A rate the translation took: one unit of ``base`` is ``rate`` units of ``quote``."""

    base: str
    quote: str
    rate: Decimal
    basis: str
    on: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was asked for. ``cluster`` and ``currency`` empty: all; ``translate_to``: into one.

    No day after ``today`` has a rate, so what stands or moves then takes today's.
    """

    period: Period
    compared: Period | None = None
    cluster: str = ""
    currency: str = ""
    translate_to: str = ""
    today: date = date.max

    @property
    def columns(self) -> tuple[Column, ...]:
        current = Column("current", self.period.label, self.period)
        if self.compared is None:
            return (current,)
        return (current, Column("compared", self.compared.label, self.compared))


@dataclass(frozen=True, slots=True)
class Report:
    """A financial statement, ready for JSON, CSV or a page."""

    name: str
    title: str
    scope: Scope
    columns: tuple[Column, ...]
    sheets: tuple[Sheet, ...]
    basis: str
    rates: tuple[RateUsed, ...] = field(default=())

    @property
    def is_proved(self) -> bool:
        """Test that every proof line of every sheet is zero."""
        return not any(figure.amount for figure in self.proofs())

    def proofs(self) -> Iterator[Figure]:
        for sheet in self.sheets:
            for row in sheet.rows:
                if row.role == Role.PROOF:
                    yield from row.figures

    def sheet(self, currency: str) -> Sheet:
        """Return the sheet in that currency.

        :raises KeyError: the report has none
        """
        for sheet in self.sheets:
            if sheet.currency == currency:
                return sheet
        raise KeyError(currency)
