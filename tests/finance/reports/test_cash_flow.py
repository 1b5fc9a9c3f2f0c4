"""The cash flow statement: by class and kind, from opening to closing cash, as by hand."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction

from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.reports import selectors as reports
from apps.finance.reports.choices import Cash
from apps.finance.reports.rules.cash import BY_COUNTERPART, class_of_kind
from tests.factories.accounts import StaffFactory
from tests.finance.reports.conftest import eur, of, shown, usd

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("february")
def test_it_adds_up_as_by_hand():
    report = reports.cash_flow(of("2026-01"))

    assert shown(report) == {
        "operating:PAYOUT_SETTLED": ("-61.50",),
        "operating:RAIL_FUNDED": ("-1.00",),
        "operating:EXPENSE_PAID": ("-25.00",),
        "operating_total": ("-87.50",),
        "investing:EQUIPMENT_BOUGHT": ("-300.00",),
        "investing_total": ("-300.00",),
        "financing:CAPITAL_PAID_IN": ("1000.00",),
        "financing_total": ("1000.00",),
        "change": ("612.50",),
        "opening": ("0.00",),
        "closing": ("612.50",),
        "proof": ("0.00",),
    }
    assert report.is_proved


@pytest.mark.usefixtures("february")
def test_the_next_month_opens_with_what_the_last_closed_with():
    sheet = shown(reports.cash_flow(of("2026-02", compared="2026-01")))

    assert sheet["opening"] == ("612.50", "0.00")
    assert sheet["financing:LOAN_RECEIVED"] == ("500.00", "0.00")
    assert sheet["closing"] == ("1112.50", "612.50")


def test_a_reversal_is_of_the_class_of_what_it_takes_back(january, post, now):
    accountant = StaffFactory.create(role="finance")
    bought = post(
        "2026-02-05", postings.equipment_bought(purchase_id=2, bank="main", amount=usd("80.00"))
    )
    paid = post("2026-02-06", postings.expense_paid(expense_id=2, bank="main", amount=usd("7.00")))
    for posted in (bought, paid):
        with transaction.atomic():
            ledger.reverse(entry_id=posted.entry_id, reason="not ours", by=accountant, now=now)
    january_ = shown(reports.cash_flow(of("2026-01")))

    assert january_["investing:REVERSAL"] == ("80.00",)
    assert january_["operating:REVERSAL"] == ("7.00",)
    assert january_["proof"] == ("0.00",)


def test_currency_exchanged_is_neither_earned_nor_spent(january, post, rates):
    post(
        "2026-01-26",
        postings.exchange(
            exchange_id=1,
            sold=usd("110.00"),
            sold_from=postings.cash("main"),
            bought=eur("100.00"),
            bought_into=postings.cash("euro"),
            gain=usd("0.00"),
            effective_on=date(2026, 1, 31),
        ),
    )
    report = reports.cash_flow(of("2026-01"))
    assert shown(report)["exchange_total"] == ("-110.00",)
    assert shown(report)["operating_total"] == ("-87.50",)
    assert shown(report, "EUR")["closing"] == ("100.00",)
    assert report.is_proved

    rates(*(f"EUR/USD 2026-01-{day:02} 1.10" for day in (2, 6, 10, 14, 18, 22, 26)))
    rates("EUR/USD 2026-01-30 1.18")
    sheet = shown(reports.cash_flow(of("2026-01", translate_to="USD")))
    assert sheet["exchange_total"] == ("1.00",)  # 100 * 1.11 - 110
    assert sheet["rates"] == ("7.00",)  # 100 * (1.18 - 1.11)
    assert sheet["closing"] == ("620.50",)  # 502.50 + 100 * 1.18
    assert sheet["proof"] == ("0.00",)


def test_every_kind_of_entry_has_a_class():
    decided = {kind: class_of_kind(kind) for kind in EntryKind if kind not in BY_COUNTERPART}

    assert {kind.value for kind, group in decided.items() if group != Cash.OPERATING} == {
        "CAPITAL_PAID_IN",
        "CAPITAL_PAID_OUT",
        "LOAN_RECEIVED",
        "LOAN_REPAID",
        "EQUIPMENT_BOUGHT",
        "CURRENCY_EXCHANGED",
    }
