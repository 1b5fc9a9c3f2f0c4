"""A creator's statement: earned, kept, refunded, paid out and left, as by hand."""

from __future__ import annotations

from datetime import date

import pytest

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.postings import Funds
from apps.finance.reports import selectors as reports
from apps.finance.reports.choices import Earned
from apps.finance.reports.rules.periods import month_of
from tests.factories.accounts import CreatorFactory
from tests.finance.reports.conftest import card_tip, usd

pytestmark = pytest.mark.django_db

JANUARY = month_of(date(2026, 1, 1))
FEBRUARY = month_of(date(2026, 2, 1))


def sold(number: int, amount: str, fee: str, cost: str, **creators: int) -> postings.Sale:
    return postings.sale_of(
        transaction_id=number,
        cluster="boyfanz",
        amount=usd(amount),
        creators={int(name.removeprefix("c")): weight for name, weight in creators.items()},
        platform_fee=usd(fee),
        processing_fee=usd(cost),
    )


@pytest.fixture
def busy(creator, post):
    """Two months of one creator: sales, a refund, a lost chargeback, a reserve and a payout."""
    me = creator.pk
    other = CreatorFactory.create().pk
    post("2026-01-05", card_tip(1, me, usd("100.00"), usd("15.00"), usd("5.00"), "boyfanz"))
    renewal = sold(2, "20.00", "3.00", "1.00", **{f"c{me}": 1})
    post("2026-01-06", postings.renewal_by_card(sale=renewal, gateway="ccbill"))
    shared = sold(3, "50.00", "7.50", "2.50", **{f"c{me}": 60, f"c{other}": 40})
    post("2026-01-07", postings.content_by_card(sale=shared, gateway="ccbill"))
    post(
        "2026-01-20",
        postings.refund_to_card(
            refund_id=1,
            part=postings.part_of(renewal, usd("10.00")),
            gateway="ccbill",
            funds={me: Funds(payable=usd("120.00"), reserve=usd("0.00"))},
        ),
    )
    post(
        "2026-01-21",
        postings.reserve_held(reserve_id=1, creator_id=me, amount=usd("12.00"), cluster="boyfanz"),
    )
    post(
        "2026-02-02",
        postings.payout_reserved(
            payout_id=1, creator_id=me, amount=usd("60.00"), cluster="boyfanz"
        ),
    )
    post(
        "2026-02-03",
        postings.chargeback_fee(
            chargeback_id=1,
            fee=usd("25.00"),
            cluster="boyfanz",
            creator_id=me,
            funds=Funds(payable=usd("10.00"), reserve=usd("12.00")),
        ),
    )
    return creator


def lines(statement):
    (sheet,) = statement.sheets
    return {
        line.kind: tuple(
            str(amount.decimal)
            for amount in (line.gross, line.platform_fee, line.processing_fee, line.net)
        )
        for line in sheet.lines
    }


def test_january_as_by_hand(busy):
    statement = reports.creator_statement(profile=busy, period=JANUARY)
    (sheet,) = statement.sheets

    assert lines(statement) == {
        "TIP_CARD": ("100.00", "15.00", "5.00", "80.00"),
        "RENEWAL_CARD": ("20.00", "3.00", "1.00", "16.00"),
        # 60 % of 40.00; what the collaboration's fees were for each is not in the books.
        "PPV_CONTENT_CARD": ("24.00", "0.00", "0.00", "24.00"),
        # Half of 16.00, and the half of the processor's fee that it keeps: the creator bears it.
        "REFUND_CARD": ("-10.00", "-1.50", "0.00", "-8.50"),
    }
    assert sheet.lines[2].shared == usd("24.00")
    assert (sheet.gross, sheet.fees) == (usd("144.00"), usd("24.00"))
    assert dict(sheet.sections)[Earned.SALES] == usd("120.00")
    assert (sheet.opening.total, sheet.closing.total) == (usd("0.00"), usd("111.50"))
    assert (sheet.closing.available, sheet.closing.reserve) == (usd("99.50"), usd("12.00"))
    assert sheet.reserved == usd("12.00")
    assert statement.is_proved


def test_february_opens_with_it_and_shows_a_debt(busy):
    statement = reports.creator_statement(profile=busy, period=FEBRUARY)
    (sheet,) = statement.sheets

    assert lines(statement) == {
        "CHARGEBACK_FEE": ("0.00", "0.00", "25.00", "-25.00"),
        "PAYOUT_RESERVED": ("-60.00", "0.00", "0.00", "-60.00"),
    }
    assert sheet.opening.total == usd("111.50")
    assert (sheet.closing.available, sheet.closing.reserve, sheet.closing.owed) == (
        usd("29.50"),
        usd("0.00"),
        usd("3.00"),
    )
    assert statement.is_proved


def test_every_line_leads_to_its_entries(busy):
    (sheet,) = reports.creator_statement(profile=busy, period=JANUARY).sheets

    assert sheet.lines[0].drill.params() == {
        "code": "2100,2150,1300",
        "kind": "TIP_CARD",
        "currency": "USD",
        "owner": f"profile:{busy.pk}",
        "start": "2026-01-01",
        "end": "2026-01-31",
    }


def test_without_sales_there_is_no_sheet(creator):
    assert reports.creator_statement(profile=creator, period=JANUARY).sheets == ()


def test_a_wallet_is_not_earnings(creator, post):
    post(
        "2026-01-02",
        postings.wallet_deposit(
            transaction_id=1, fan_id=creator.pk, gateway="ccbill", amount=usd("40.00"),
            processing_fee=Money.zero("USD"), cluster="boyfanz",
        ),
    )  # fmt: skip

    assert reports.creator_statement(profile=creator, period=JANUARY).sheets == ()


def test_it_takes_four_queries(busy, django_assert_num_queries):
    with django_assert_num_queries(4):
        reports.creator_statement(profile=busy, period=JANUARY)
