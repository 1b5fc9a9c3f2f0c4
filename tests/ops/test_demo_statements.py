"""What bank and processor say of the demo: mostly the same as the books."""

from __future__ import annotations

from datetime import date

import pytest

from apps.core.money import Money
from apps.finance.fx import selectors as rates
from apps.finance.fx.models import Exchange
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.reconciliation import selectors as reconciliation
from apps.finance.reconciliation.models import Statement
from apps.ops.services.demo_closing import close_demo_months, record_demo_rates
from apps.ops.services.demo_past import first_day, tell_past
from apps.ops.services.demo_statements import (
    Row,
    exchange_demo_currency,
    file_of,
    import_demo_statements,
    wrong_at_processor,
)
from tests.factories.accounts import StaffFactory
from tests.ops.test_demo_past import START, cast


def test_the_processor_leaves_a_sale_out_changes_one_and_shows_one_twice() -> None:
    day = date(2026, 1, 10)
    sales = [Row(day, Money(n * 10_00, "USD"), f"S{n}") for n in range(1, 5)]

    wrong = wrong_at_processor([*sales, Row(day, Money(-5_00, "USD"))])

    assert file_of(wrong).read().decode().splitlines() == [
        "Date,Amount,Fee,Reference,Party,Text",
        "2026-01-10,20.00,0.00,S2,,",
        "2026-01-10,29.00,0.00,S3,,",
        "2026-01-10,40.00,0.00,S4,,",
        "2026-01-10,-5.00,0.00,,,",
        "2026-01-10,40.00,0.00,S4,,",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
def test_a_month_being_closed_waits_for_three_exceptions_at_the_bank() -> None:
    finance = StaffFactory.create(role="finance")
    record_demo_rates(first=first_day(START), now=START)
    tell_past(cast(), seed=1, start=START)
    ledger.check_books(now=START)
    close_demo_months(until=START.date(), by=finance, now=START)
    exchange_demo_currency(start=START, by=finance, now=START)
    import_demo_statements(start=START, by=finance, now=START)

    bank = Statement.objects.get(source__code="1000")
    assert (bank.state, bank.period_start) == ("OPEN", date(2025, 12, 1))
    assert bank.matched_count == bank.line_count - 2 > 10
    assert sorted(bank.exceptions.values_list("type", flat=True)) == ["EXTRA", "EXTRA", "MISSING"]
    assert reconciliation.proof_of(bank).holds
    done = [item for item in books.checklist_of(date(2025, 12, 1), now=START) if not item.is_done]
    assert [(item.key, item.detail) for item in done] == [
        ("reconciliation", "Main bank USD: 3 open exceptions.")
    ]
    assert Exchange.objects.get().sold.currency == "EUR"
    assert not rates.position_findings()
    assert ledger.check_books(now=START).ok
