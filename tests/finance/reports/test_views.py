"""The views for BI tools: exact against the ledger, documented, readable by a plain role."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core.money import SCALES, Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.postings import AccountRef
from apps.finance.reports import selectors as reports
from apps.finance.reports.choices import Earned
from apps.finance.reports.rules.creators import section_of
from apps.finance.reports.rules.periods import month_of
from tests.finance.reports.conftest import of, usd

pytestmark = pytest.mark.django_db

VIEWS = (
    "account_balances",
    "transaction_summary",
    "creator_earnings_summary",
    "platform_revenue_summary",
)


def rows(query: str, *values: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


ROLLED = pytest.param("rolled", marks=pytest.mark.django_db(transaction=True))


@pytest.fixture(params=["not rolled", ROLLED])
def books(request, february, creator, post, now):
    """The books of two months, before and after their totals were rolled forward."""
    if request.param == "rolled":
        roll_forward(now)
        ((low_id,),) = [tuple(row.values()) for row in rows("SELECT low_id FROM ledger_bookmark")]
        assert low_id > 0
    return creator


def roll_forward(now) -> None:
    for _ in range(4):
        ledger.roll_forward(now=now)


@pytest.mark.usefixtures("books")
class TestAgainstTheLedger:
    def test_account_balances(self):
        found = rows("SELECT * FROM account_balances ORDER BY account_id")

        for row in found:
            account = AccountRef(row["code"], row["owner"])
            balance = ledger_selectors.balance_of(account, row["currency"])
            assert (row["balance_minor"], row["balance"]) == (balance.minor, balance.decimal)
            assert row["available_minor"] == row["balance_minor"] - row["held_minor"]
            assert row["account_name"] == LEAVES[row["code"]].name
        signed = sum(
            row["balance_minor"] * (1 if row["normal_side"] == "DEBIT" else -1)
            for row in found
            if row["currency"] == "USD"
        )
        assert signed == 0
        assert {row["profile_id"] for row in found if row["code"] == "2100"} == {7, 8}

    def test_platform_revenue_is_the_profit_and_loss(self):
        for month in ("2026-01", "2026-02"):
            report = reports.profit_and_loss(of(month))
            found = rows(
                "SELECT currency, sum(revenue) AS revenue, sum(costs) AS costs,"
                " sum(result) AS result FROM platform_revenue_summary"
                " WHERE month = %s GROUP BY 1 ORDER BY 1",
                date.fromisoformat(f"{month}-01"),
            )
            assert [row["currency"] for row in found] == [s.currency for s in report.sheets]
            for row in found:
                sheet = report.sheet(row["currency"])
                assert row["result"] == sheet.row("result").figures[0].amount.decimal
                assert row["revenue"] == sheet.row("4000").figures[0].amount.decimal

    def test_creator_earnings_are_the_statements(self):
        found = rows("SELECT * FROM creator_earnings_summary WHERE profile_id = 7 ORDER BY month")

        assert [
            (str(row["month"]), row["sales"], row["payouts"], row["change"]) for row in found
        ] == [
            ("2026-01-01", Decimal("97.00"), Decimal("-60.00"), Decimal("37.00")),
            ("2026-02-01", Decimal("160.00"), Decimal(0), Decimal("160.00")),
        ]


@pytest.mark.usefixtures("paid")
def test_transaction_summary_is_what_the_ledger_booked(creator):
    found = rows("SELECT * FROM transaction_summary")

    assert sum(row["gross"] for row in found) == Decimal("100.00")
    assert sum(row["payments"] for row in found) == 4
    booked = {
        kind: sum(
            row.credits_minor - row.debits_minor
            for row in ledger_selectors.movements(start=date(2026, 1, 15), end=date(2026, 1, 15))
            if row.code == "4000" and row.kind == kind
        )
        for kind in ("TIP_CARD", "TIP_WALLET")
    }
    shown = {
        f"TIP_{row['method']}": row["platform_fee_minor"] for row in found if row["kind"] == "TIP"
    }
    assert shown == booked
    earned = sum(row["net_minor"] for row in found if row["kind"] == "TIP")
    assert ledger_selectors.balance_of(postings.creator_payable(creator.pk), "USD").minor == earned


def test_a_creators_month_has_every_section(creator, post):
    me = creator.pk
    post(
        "2026-01-05",
        postings.tip_by_card(
            transaction_id=1, creator_id=me, gateway="ccbill", amount=usd("100.00"),
            platform_fee=usd("15.00"), processing_fee=usd("5.00"), cluster="boyfanz",
        ),
    )  # fmt: skip
    post(
        "2026-01-06",
        postings.reserve_held(reserve_id=1, creator_id=me, amount=usd("10.00"), cluster="boyfanz"),
    )
    post(
        "2026-01-07",
        postings.tax_withheld_from(
            withholding_id=1, creator_id=me, place="US", amount=usd("24.00"), cluster="boyfanz"
        ),
    )
    (row,) = rows("SELECT * FROM creator_earnings_summary")
    (sheet,) = reports.creator_statement(profile=creator, period=month_of(date(2026, 1, 1))).sheets

    assert row["handle"] == creator.handle
    assert row["sales"] == sheet.of_section(Earned.SALES).decimal == Decimal("80.00")
    assert row["other"] == sheet.of_section(Earned.OTHER).decimal == Decimal("-24.00")
    assert row["reserve_change"] == sheet.reserved.decimal == Decimal("10.00")
    assert row["change"] == sheet.closing.total.decimal == Decimal("56.00")


def test_the_view_sorts_kinds_as_the_statement_does():
    """The view's list of kinds is written in SQL; it must not fall behind."""
    ((definition,),) = [
        tuple(row.values())
        for row in rows("SELECT pg_get_viewdef('creator_earnings_summary'::regclass)")
    ]
    listed = dict(re.findall(r"\('([A-Z_]+)'::[a-z ]+,\s*'([a-z]+)'", definition))

    assert listed == {
        kind.value: section_of(kind).value
        for kind in EntryKind
        if section_of(kind) != Earned.OTHER
    }


@pytest.mark.parametrize("currency", SCALES)
def test_units_are_exact_in_every_currency(currency):
    ((shown,),) = [
        tuple(row.values())
        for row in rows("SELECT reports_units(%s, %s) AS units", 2**63 - 1, currency)
    ]

    assert shown == Money(2**63 - 1, currency).decimal


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_and_column_says_what_it_is(view):
    found = rows(
        "SELECT a.attname AS name, col_description(c.oid, a.attnum) AS text,"
        " obj_description(c.oid) AS whole"
        "  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE c.relname = %s AND a.attnum > 0",
        view,
    )

    assert len(found) > 10
    assert all(row["text"] and row["whole"] for row in found)


def test_a_role_for_reading_reads_the_views_and_nothing_else(february):
    with connection.cursor() as cursor:
        cursor.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")
        cursor.execute("CREATE ROLE fanz_bi_test NOLOGIN")
        cursor.execute("GRANT USAGE ON SCHEMA public TO fanz_bi_test")
        cursor.execute(f"GRANT SELECT ON {', '.join(VIEWS)} TO fanz_bi_test")
        cursor.execute(
            "GRANT EXECUTE ON FUNCTION reports_units(numeric, text), reports_account_name(text),"
            " ledger_chart() TO fanz_bi_test"
        )
        cursor.execute("SET LOCAL ROLE fanz_bi_test")
        for view in VIEWS:
            cursor.execute(f"SELECT * FROM {view}")  # noqa: S608
            cursor.fetchall()
        for query in (
            "SELECT * FROM ledger_line",
            "SELECT * FROM accounts_user",
            "DELETE FROM account_balances",
            "UPDATE platform_revenue_summary SET revenue = 0",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(query)
        cursor.execute("RESET ROLE")
