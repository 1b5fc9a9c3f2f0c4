"""Close a month, post late, reopen, restate: every figure worked out by hand beside it.

January 2026, brand boyfanz, USD.

====================================================  =======  ======  =======  ========
event                                                 revenue   costs  payable    wallet
====================================================  =======  ======  =======  ========
5 Jan   card tip 100.00: ours 15.00, processor 5.00     15.00             80.00
20 Jan  deposit 40.00, the processor keeps 2.00                   2.00              40.00
31 Jan  card tip 10.00: ours 1.50, processor 0.50        1.50              8.00
....................................................  .......  ......  .......  ........
first close                                             16.50    2.00     88.00     40.00
2 Feb   card tip 20.00: ours 3.00, processor 1.00        3.00             16.00
late    card tip 30.00 of 12 Jan: 4.50 and 1.50          4.50             24.00
....................................................  .......  ......  .......  ........
January restated                                        21.00    2.00    112.00     40.00
at the end of February                                  24.00    2.00    128.00     40.00
====================================================  =======  ======  =======  ========
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import Draft
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db

JANUARY, LAST = date(2026, 1, 1), date(2026, 1, 31)
FEBRUARY, END = date(2026, 2, 1), date(2026, 2, 28)


def tip(number: int, on: date, amount: str, ours: str, processor: str) -> Draft:
    return postings.tip_by_card(
        transaction_id=number,
        creator_id=7,
        gateway="ccbill",
        amount=Money.of(amount, "USD"),
        platform_fee=Money.of(ours, "USD"),
        processing_fee=Money.of(processor, "USD"),
        cluster="boyfanz",
    )._replace(effective_on=on)


def deposit(number: int, on: date) -> Draft:
    return postings.wallet_deposit(
        transaction_id=number,
        fan_id=3,
        gateway="ccbill",
        amount=Money.of("40.00", "USD"),
        processing_fee=Money.of("2.00", "USD"),
        cluster="boyfanz",
    )._replace(effective_on=on)


def post(draft: Draft, at: datetime) -> None:
    with transaction.atomic():
        ledger.post(draft, now=at)


def moved(start: date, end: date) -> dict[str, int]:
    """Credits less debits of a period for the codes of the table above."""
    sums = dict.fromkeys(("4000", "5100", "2100", "2000"), 0)
    for row in books.movements(start=start, end=end, cluster="boyfanz", currency="USD"):
        if row.code in sums:
            sums[row.code] += row.credits_minor - row.debits_minor
    return sums


def stood(on: date) -> dict[str, int]:
    sums = dict.fromkeys(("4000", "5100", "2100", "2000"), 0)
    for row in books.balances_on(on=on, cluster="boyfanz", currency="USD"):
        if row.code in sums:
            sums[row.code] += row.credits_minor - row.debits_minor
    return sums


FIRST_CLOSE = {"4000": 16_50, "5100": -2_00, "2100": 88_00, "2000": 40_00}
RESTATED = {"4000": 21_00, "5100": -2_00, "2100": 112_00, "2000": 40_00}
IN_FEBRUARY = {"4000": 3_00, "5100": 0, "2100": 16_00, "2000": 0}
AT_THE_END = {"4000": 24_00, "5100": -2_00, "2100": 128_00, "2000": 40_00}


def test_a_month_closed_posted_into_late_reopened_and_restated() -> None:
    by, second = StaffFactory.create(), StaffFactory.create()
    posted_at = datetime(2026, 1, 31, 20, tzinfo=UTC)
    first = datetime(2026, 2, 1, 9, tzinfo=UTC)
    late = datetime(2026, 2, 3, 9, tzinfo=UTC)
    restated = datetime(2026, 2, 4, 9, tzinfo=UTC)
    payable = postings.creator_payable(7)

    def close(at: datetime) -> None:
        ledger.start_closing(month=JANUARY, by=by, now=at)
        ledger.roll_forward(now=at)
        assert ledger.check_books(now=at).ok
        ledger.close_period(month=JANUARY, by=by, now=at)

    post(tip(1, date(2026, 1, 5), "100.00", "15.00", "5.00"), posted_at)
    post(deposit(2, date(2026, 1, 20)), posted_at)
    post(tip(3, LAST, "10.00", "1.50", "0.50"), posted_at)
    close(first)
    assert moved(JANUARY, LAST) == stood(LAST) == FIRST_CLOSE

    # February goes on; what is dated in January is refused and changes nothing.
    post(tip(4, date(2026, 2, 2), "20.00", "3.00", "1.00"), late)
    late_tip = tip(5, date(2026, 1, 12), "30.00", "4.50", "1.50")
    with pytest.raises(errors.PeriodClosed):
        post(late_tip, late)
    assert Entry.objects.count() == 4
    assert moved(JANUARY, LAST) == stood(LAST) == FIRST_CLOSE
    assert moved(FEBRUARY, END) == IN_FEBRUARY

    # Reopened by two, the late entry is taken; asked by what was known, January is as before.
    with transaction.atomic():
        ledger.reopen_period(
            month=JANUARY, by=by, approved_by=second, reason="a tip was missing", now=late
        )
    post(late_tip, late)
    assert moved(JANUARY, LAST) == stood(LAST) == RESTATED
    assert books.balance_as_of(payable, "USD", on=LAST) == Money.of("112.00", "USD")
    assert books.balance_as_of(payable, "USD", on=LAST, posted_before=late) == Money.of(
        "88.00", "USD"
    )

    close(restated)
    assert moved(JANUARY, LAST) == stood(LAST) == RESTATED
    assert moved(date(2026, 1, 12), date(2026, 1, 12))["4000"] == 4_50
    assert moved(FEBRUARY, END) == IN_FEBRUARY
    assert stood(END) == AT_THE_END
    assert books.balance_as_of(payable, "USD", on=date(2026, 1, 12)) == Money.of("104.00", "USD")
    assert [(m.from_state, m.to_state) for m in books.moves_of(JANUARY)] == [
        ("CLOSING", "CLOSED"),
        ("OPEN", "CLOSING"),
        ("CLOSED", "OPEN"),
        ("CLOSING", "CLOSED"),
        ("OPEN", "CLOSING"),
    ]
    check = ledger.check_books(now=restated)
    assert check.findings == []
