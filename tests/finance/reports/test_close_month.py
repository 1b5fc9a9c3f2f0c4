"""The reports while a month is closed, posted into late, reopened and restated.

Brand boyfanz, USD; every figure worked out by hand. A card tip of 100.00: ours 15.00, the
processor's 5.00, the creator's 80.00.

=================================  =======  =====  ======  ========  =======  ======  =====
event                              revenue  costs  result  clearing  payable  wallet  fees
=================================  =======  =====  ======  ========  =======  ======  =====
5 Dec   card tip 100.00              15.00          15.00    100.00    80.00          5.00
20 Dec  deposit 40.00, fee 2.00               2.00  -2.00     40.00             40.00  2.00
.................................  .......  .....  ......  ........  .......  ......  .....
December, first close                15.00   2.00   13.00    140.00    80.00   40.00   7.00
2 Jan   card tip 20.00                3.00           3.00     20.00    16.00          1.00
late    card tip 30.00 of 12 Dec      4.50           4.50     30.00    24.00          1.50
.................................  .......  .....  ......  ........  .......  ......  .....
December, restated                   19.50   2.00   17.50    170.00   104.00   40.00   8.50
31 Jan                                3.00           3.00    190.00   120.00   40.00   9.50
=================================  =======  =====  ======  ========  =======  ======  =====
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from apps.finance.ledger import errors, postings
from apps.finance.ledger import services as ledger
from apps.finance.reports import selectors as reports
from apps.finance.reports.rules.statements import Report
from tests.factories.accounts import StaffFactory
from tests.finance.reports.conftest import card_tip, of, post_on, shown, usd

pytestmark = pytest.mark.django_db

DECEMBER = date(2025, 12, 1)
FIRST, LATE, AGAIN = (datetime(2026, 1, day, 9, tzinfo=UTC) for day in (3, 5, 6))


def close(at: datetime, by) -> None:
    ledger.start_closing(month=DECEMBER, by=by, now=at)
    ledger.roll_forward(now=at)
    assert ledger.check_books(now=at).ok
    ledger.close_period(month=DECEMBER, by=by, now=at)


def tip(number: int, on: str, amount: str, ours: str, processor: str) -> None:
    post_on(on, card_tip(number, 7, usd(amount), usd(ours), usd(processor), "boyfanz"))


def amount(report: Report, *keys: str) -> list[str]:
    assert report.is_proved
    figures = shown(report)
    return [figures[key][0] for key in keys]


def december(report: str) -> Report:
    made: Report = getattr(reports, report)(of("2025-12", compared="2025-11"))
    return made


def position(month: str) -> list[str]:
    """Clearing, owed to creators, to fans, fees payable, retained, result not closed, equity."""
    report = reports.balance_sheet(of(month))
    figures = shown(report)
    assert report.is_proved
    assert figures["proof"] == ("0.00",)
    keys = ("1100", "2100", "2000", "2200", "3100", "result_year", "equity")
    return [figures.get(key, ("0.00",))[0] for key in keys]


def test_the_reports_follow_and_the_closed_ones_stay() -> None:
    by, second = StaffFactory.create(), StaffFactory.create()
    tip(1, "2025-12-05", "100.00", "15.00", "5.00")
    deposit = postings.wallet_deposit(
        transaction_id=2, fan_id=3, gateway="ccbill", amount=usd("40.00"),
        processing_fee=usd("2.00"), cluster="boyfanz",
    )  # fmt: skip
    post_on("2025-12-20", deposit)
    open_result = ["15.00", "2.00", "13.00"]
    keys = ("4000", "5100", "result")
    assert amount(december("profit_and_loss"), *keys) == open_result
    assert position("2025-12") == ["140.00", "80.00", "40.00", "7.00", "0.00", "13.00", "13.00"]

    # The year's last month is closed: its result moves into equity, and is still its result.
    close(FIRST, by)
    assert amount(december("profit_and_loss"), *keys) == open_result
    assert amount(reports.profit_and_loss(of("2025")), *keys) == open_result
    assert position("2025-12") == ["140.00", "80.00", "40.00", "7.00", "13.00", "0.00", "13.00"]
    assert shown(december("trial_balance"))["total"][2] == "157.00"  # 100 + 42 + 15 closed
    assert december("trial_balance").is_proved

    # January goes on; what comes late for December is refused, and no report changes.
    tip(3, "2026-01-02", "20.00", "3.00", "1.00")
    with pytest.raises(errors.PeriodClosed):
        tip(4, "2025-12-12", "30.00", "4.50", "1.50")
    assert amount(december("profit_and_loss"), *keys) == open_result
    january = ["160.00", "96.00", "40.00", "8.00", "13.00", "3.00", "16.00"]
    assert position("2026-01") == january

    # Reopened by two, the late tip is taken and December restated.
    with transaction.atomic():
        ledger.reopen_period(
            month=DECEMBER, by=by, approved_by=second, reason="a tip was missing", now=LATE
        )
    assert position("2025-12") == ["140.00", "80.00", "40.00", "7.00", "0.00", "13.00", "13.00"]
    tip(4, "2025-12-12", "30.00", "4.50", "1.50")
    restated = ["19.50", "2.00", "17.50"]
    assert amount(december("profit_and_loss"), *keys) == restated
    close(AGAIN, by)
    assert amount(december("profit_and_loss"), *keys) == restated
    assert amount(reports.profit_and_loss(of("2025")), *keys) == restated
    assert position("2025-12") == ["170.00", "104.00", "40.00", "8.50", "17.50", "0.00", "17.50"]
    assert position("2026-01") == ["190.00", "120.00", "40.00", "9.50", "17.50", "3.00", "20.50"]
    assert december("cash_flow").is_proved


def test_a_closed_month_is_compared_with_an_open_one() -> None:
    by = StaffFactory.create()
    tip(1, "2025-12-05", "100.00", "15.00", "5.00")
    close(FIRST, by)
    tip(2, "2026-01-02", "20.00", "3.00", "1.00")

    report = reports.profit_and_loss(of("2026-01", compared="2025-12"))
    assert shown(report)["result"] == ("3.00", "15.00")
    assert str(report.sheet("USD").row("result").change_percent) == "-80.0"
