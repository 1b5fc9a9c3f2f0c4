"""Every figure leads to exactly the lines that make it, in the API and in FanzDash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import RequestFactory

from apps.core.money import Money
from apps.dash.views.reports import entries_address, journal_of
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from apps.finance.ledger.selectors import journal
from apps.finance.ledger.selectors.journal import Journal
from apps.finance.reports import selectors
from apps.finance.reports.choices import Role
from apps.finance.reports.rules import periods
from apps.finance.reports.rules.periods import Period, period_named
from apps.finance.reports.rules.statements import Drill, Figure, Report, Scope
from tests.factories.accounts import CreatorFactory, StaffFactory
from tests.finance.reports.conftest import card_tip, eur, of, post_on, usd
from tests.finance.reports.test_api import ROOT, read_csv

pytestmark = pytest.mark.django_db

REPORTS = [
    selectors.balance_sheet,
    selectors.cash_flow,
    selectors.profit_and_loss,
    selectors.trial_balance,
]
FIRST_YEAR = period_named("2000")
SCOPES = [
    of("2026-01"),
    of("2026-02", compared="2026-01"),
    of("2026", compared="2025"),
    of("2026-02", cluster="boyfanz"),
    of("2026-03", cluster="girlfanz", compared="2026-02"),
    of("2026-03", currency="EUR"),
    Scope(period=Period(date(2026, 1, 11), date(2026, 3, 9))),
    Scope(period=FIRST_YEAR, compared=periods.year_before(FIRST_YEAR)),
]


@pytest.fixture
def books(february):
    """Besides sales: what is taken back of each class of cash, one dated back, and yen."""
    by = StaffFactory.create()
    yen = [Money(units, "JPY") for units in (900, 90, 9)]
    post_on("2026-03-01", card_tip(20, 7, eur("9.00"), eur("1.00"), eur("0.50"), "girlfanz"))
    post_on("2026-03-02", card_tip(21, 8, yen[0], yen[1], yen[2], "girlfanz"))
    for kind, back in (
        ("CAPITAL_PAID_IN", False),
        ("EQUIPMENT_BOUGHT", True),
        ("RAIL_FUNDED", False),
        ("LOAN_RECEIVED", True),
        ("EXPENSE_PAID", False),
    ):
        ledger.reverse(
            entry_id=Entry.objects.get(kind=kind).pk, by=by, reason="wrong",
            now=datetime(2026, 3, 5, tzinfo=UTC), on_original_date=back,
        )  # fmt: skip


def journal_by(drill: Drill) -> Journal:
    return Journal(**{name: getattr(drill, name) for name in Drill.__slots__})


def drilled(drill: Drill) -> int:
    return sum(row.amount.minor for row in journal.stream(journal_by(drill)))


def figures(report: Report) -> Iterator[tuple[str, Figure]]:
    for sheet in report.sheets:
        for row in sheet.rows:
            yield from ((f"{report.name} {sheet.currency} {row.key}", f) for f in row.figures)


@pytest.mark.usefixtures("books")
class TestAStatement:
    @pytest.mark.parametrize("scope", SCOPES, ids=lambda s: f"{s.period.label} {s.cluster}")
    @pytest.mark.parametrize("make", REPORTS)
    def test_leads_to_lines_that_add_up_to_each_figure(self, make, scope):
        report = make(scope)

        assert report.is_proved
        for name, figure in figures(report):
            if figure.drill is not None:
                minor = drilled(figure.drill)
                assert figure.amount.minor in {minor, -minor}, name
                assert journal_of(RequestFactory().get(entries_address(figure.drill))) == (
                    journal_by(figure.drill)
                ), name

    @pytest.mark.parametrize("make", REPORTS)
    def test_leaves_only_computed_figures_without_a_way(self, make):
        report = make(of("2026-03", compared="2026-01"))

        without = {
            row.key
            for sheet in report.sheets
            for row in sheet.rows
            if row.role != Role.PROOF and any(f.amount and not f.drill for f in row.figures)
        }
        # Sums of both sides' balances; and of cash classed by kind and by what stands against it.
        assert without <= {"total", "operating_total", "financing_total", "investing_total"}

    def test_parts_the_cash_of_reversals_by_their_class(self):
        report = selectors.cash_flow(of("2026-03", currency="USD"))
        rows = dict(figures(report))
        capital = rows["cash-flow USD financing:REVERSAL"]

        assert capital.amount == usd("-1000.00")
        assert capital.drill is not None
        (found,) = journal.stream(journal_by(capital.drill))
        assert (found.code, found.amount) == ("3000", usd("1000.00"))

    @pytest.mark.parametrize(
        "report", ["balance-sheet", "cash-flow", "profit-loss", "trial-balance"]
    )
    def test_has_links_of_the_api_that_answer_with_them(self, console, report):
        finance = console("finance")
        asked = {"period": "2026-01", "compare": "previous"}
        seen: set[str] = set()
        for sheet in finance.get(f"{ROOT}{report}/", asked).json()["sheets"]:
            for figure in (figure for row in sheet["rows"] for figure in row["figures"]):
                link = figure["entries"]
                if link and link not in seen:
                    seen.add(link)
                    rows = read_csv(finance.get(f"{link}&format=csv"))[1:]
                    total = sum(Decimal(row[-2] or 0) - Decimal(row[-1] or 0) for row in rows)
                    assert abs(total) == abs(Decimal(figure["amount"]["amount"])), link
        assert len(seen) > 5


def test_a_creators_statement_leads_to_its_lines(books):
    creator = CreatorFactory.create()
    post_on(
        "2026-03-03", card_tip(30, creator.pk, usd("10.00"), usd("2.00"), usd("1.00"), "boyfanz")
    )
    statement = selectors.creator_statement(profile=creator, period=period_named("2026-03"))

    (line,) = statement.sheets[0].lines
    assert -drilled(line.drill) == line.net.minor == 700
