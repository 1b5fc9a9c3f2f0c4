"""Months close in order, once everything is done, and open again from the last by two people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from apps.accounts.models import User
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, PeriodState
from apps.finance.ledger.models import (
    AccountSnapshot,
    CodeSnapshot,
    Entry,
    Period,
    PeriodMove,
)
from apps.finance.ledger.selectors import ChecklistItem
from tests.finance.ledger.months import DECEMBER, JANUARY, NOVEMBER, close, reopen, standing, tip

pytestmark = pytest.mark.django_db


class TestStartClosing:
    def test_lets_in_only_what_is_made_for_the_closing(self, by: User, now: datetime) -> None:
        entry = tip(1, on=date(2025, 12, 31), now=now)

        ledger.start_closing(month=DECEMBER, by=by, now=now)

        with pytest.raises(errors.PeriodClosed):
            tip(2, on=date(2025, 12, 31), now=now)
        assert Entry.objects.count() == 1
        tip(3, on=JANUARY, now=now)
        with transaction.atomic():
            draft = postings.year_closed(
                year=2025, currency="USD", cluster="boyfanz", effective_on=date(2025, 12, 31),
                results=[postings.Movement(postings.PLATFORM_REVENUE, Money(-1_00, "USD"))],
            )  # fmt: skip
            ledger.post(draft, now=now)
        assert books.state_of(DECEMBER) == PeriodState.CLOSING
        assert entry.effective_on == date(2025, 12, 31)

    def test_is_written_down(self, by: User, now: datetime) -> None:
        tip(1, on=DECEMBER, now=now)
        ledger.start_closing(month=DECEMBER, by=by, now=now)
        ledger.start_closing(month=DECEMBER, by=by, now=now)

        (move,) = books.moves_of(DECEMBER)
        assert (move.from_state, move.to_state, move.by, move.at) == ("OPEN", "CLOSING", by, now)
        assert AuditRecord.objects.filter(action="ledger.period_closing", actor=by).count() == 1

    def test_is_refused_before_the_month_is_over(self, by: User, now: datetime) -> None:
        tip(1, on=JANUARY, now=now)
        for today in (now, datetime(2026, 1, 31, 23, 59, tzinfo=UTC)):
            with pytest.raises(errors.PeriodNotOver):
                ledger.start_closing(month=JANUARY, by=by, now=today)

        ledger.start_closing(month=JANUARY, by=by, now=datetime(2026, 2, 1, tzinfo=UTC))
        assert books.state_of(JANUARY) == PeriodState.CLOSING

    def test_is_refused_out_of_order(self, by: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)

        with pytest.raises(errors.PeriodOutOfOrder):
            ledger.start_closing(month=DECEMBER, by=by, now=now)
        with pytest.raises(errors.NotAMonth):
            ledger.start_closing(month=date(2025, 11, 2), by=by, now=now)

        assert not PeriodMove.objects.exists()

    def test_can_be_abandoned(self, by: User, now: datetime) -> None:
        tip(1, on=DECEMBER, now=now)
        ledger.start_closing(month=DECEMBER, by=by, now=now)

        ledger.abandon_closing(month=DECEMBER, by=by, reason="too early", now=now)

        assert tip(2, on=DECEMBER, now=now).effective_on == DECEMBER
        with pytest.raises(errors.PeriodNotClosing):
            ledger.abandon_closing(month=DECEMBER, by=by, reason="again", now=now)


class TestClosePeriod:
    def test_shuts_the_month_and_all_before_it(self, by: User, now: datetime) -> None:
        tip(1, on=date(2025, 11, 30), now=now)

        period = close(NOVEMBER, by, now)

        assert (period.state, period.closed_at) == (PeriodState.CLOSED, now)
        assert books.closed_to() == date(2025, 11, 30)
        for day in (date(2025, 11, 30), date(2025, 10, 1), date(2024, 1, 1)):
            with pytest.raises(errors.PeriodClosed):
                tip(2, on=day, now=now)
        assert Entry.objects.count() == 1
        assert tip(2, on=DECEMBER, now=now).effective_on == DECEMBER
        assert ledger.close_period(month=NOVEMBER, by=by, now=now) == period

    def test_refuses_raw_sql_as_well(self, by: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)
        close(NOVEMBER, by, now)

        with pytest.raises(DatabaseError, match="closed period"), transaction.atomic():
            connection.cursor().execute(
                "WITH e AS (INSERT INTO ledger_entry (kind, source, request_hash, line_count,"
                " cluster, effective_on, posted_at, memo) SELECT kind, 'transaction:9:captured',"
                " request_hash, line_count, cluster, effective_on, posted_at, memo"
                " FROM ledger_entry RETURNING id)"
                " INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency,"
                " effective_on) SELECT e.id, n, account_id, amount_minor, currency, effective_on"
                " FROM ledger_line, e"
            )
        assert Entry.objects.count() == 1

    def test_keeps_what_stands_at_its_end(self, by: User, now: datetime) -> None:
        tip(1, on=date(2025, 10, 5), now=now)
        close(date(2025, 10, 1), by, now)
        tip(2, on=date(2025, 11, 5), now=now)
        tip(3, on=DECEMBER, now=now)
        before = books.balances_on(on=date(2025, 12, 31))
        close(NOVEMBER, by, now)

        snapshots = AccountSnapshot.objects.filter(account__code="2100").order_by("month")
        assert [s.credits_minor for s in snapshots] == [8_50, 17_00]
        assert CodeSnapshot.objects.get(month=NOVEMBER, code="4000").credits_minor == 2_00
        assert books.balances_on(on=date(2025, 12, 31)) == before
        payable = postings.creator_payable(7)
        assert [
            books.balance_as_of(payable, "USD", on=day).minor
            for day in (date(2025, 10, 4), date(2025, 10, 31), date(2025, 11, 30), DECEMBER)
        ] == [0, 8_50, 17_00, 25_50]

    def test_is_refused_until_the_checklist_is_done(
        self, by: User, now: datetime, settings
    ) -> None:
        tip(1, on=NOVEMBER, now=now)
        ledger.start_closing(month=NOVEMBER, by=by, now=now)

        with pytest.raises(errors.ChecklistNotDone) as refusal:
            ledger.close_period(month=NOVEMBER, by=by, now=now)
        assert refusal.value.facts["open"] == ["proof"]

        ledger.check_books(now=now)
        settings.LEDGER_CHECKLIST = [f"{__name__}.never_done"]
        with pytest.raises(errors.ChecklistNotDone) as refusal:
            ledger.close_period(month=NOVEMBER, by=by, now=now)
        assert refusal.value.facts["open"] == ["never"]
        assert books.state_of(NOVEMBER) == PeriodState.CLOSING

    def test_is_refused_when_its_closing_was_not_started(self, by: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)

        with pytest.raises(errors.PeriodNotClosing):
            ledger.close_period(month=NOVEMBER, by=by, now=now)


class TestChecklist:
    def test_names_everything_and_what_stands_against_it(self, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)

        items = {item.key: item for item in books.checklist_of(NOVEMBER, now=now)}

        assert {key: item.is_done for key, item in items.items()} == {
            "order": True,
            "over": True,
            "proof": False,
            "rolled": False,
            "suspense": True,
            "proposals": True,
        }
        assert items["rolled"].detail == "4 lines are not in them yet."

    def test_a_proof_of_yesterday_does_not_count(self, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)
        ledger.check_books(now=now)

        for later, done in ((timedelta(hours=23), True), (timedelta(hours=24), False)):
            items = {i.key: i.is_done for i in books.checklist_of(NOVEMBER, now=now + later)}
            assert items["proof"] is done


def never_done(first: date, last: date, now: datetime) -> list[ChecklistItem]:
    return [ChecklistItem("never", "It is never done", first > last or now is None)]


class TestYearEnd:
    def test_takes_income_and_expenses_of_each_brand_to_retained_earnings(
        self, by: User, now: datetime
    ) -> None:
        tip(1, on=DECEMBER, now=now)
        tip(2, on=date(2025, 12, 31), now=now)
        tip(3, on=date(2025, 12, 31), now=now, cluster="girlfanz")
        tip(4, on=JANUARY, now=now)
        before = standing("4000", date(2025, 12, 31))

        close(DECEMBER, by, now)

        closing = Entry.objects.filter(kind=EntryKind.PERIOD_CLOSE).order_by("source")
        assert [entry.source for entry in closing] == [
            "close:2025:boyfanz:USD",
            "close:2025:girlfanz:USD",
        ]
        assert before == -3_00
        assert standing("4000", date(2025, 12, 31)) == 0
        assert standing("3100", date(2025, 12, 31)) == before
        assert standing("4000", JANUARY) == -1_00
        assert ledger.check_books(now=now).ok

    def test_reopened_takes_them_back_and_closed_again_posts_them_anew(
        self, by: User, second: User, now: datetime
    ) -> None:
        tip(1, on=DECEMBER, now=now)
        close(DECEMBER, by, now)

        reopen(DECEMBER, by, second, now)
        assert standing("4000", date(2025, 12, 31)) == -1_00
        assert standing("3100", date(2025, 12, 31)) == 0
        tip(2, on=DECEMBER, now=now)
        close(DECEMBER, by, now)

        assert standing("4000", date(2025, 12, 31)) == 0
        assert standing("3100", date(2025, 12, 31)) == -2_00
        sources = Entry.objects.filter(kind="PERIOD_CLOSE").order_by("id").values_list("source")
        assert [source for (source,) in sources] == [
            "close:2025:boyfanz:USD",
            "close:2025:boyfanz:USD:2",
            "close:2025:boyfanz:USD:3",
        ]


class TestReopen:
    def test_lets_entries_in_again(self, by: User, second: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)
        close(NOVEMBER, by, now)

        reopen(NOVEMBER, by, second, now)

        assert tip(2, on=NOVEMBER, now=now).effective_on == NOVEMBER
        assert not CodeSnapshot.objects.exists()
        move = books.moves_of(NOVEMBER)[0]
        assert (move.from_state, move.to_state, move.by, move.approved_by, move.reason) == (
            "CLOSED", "OPEN", by, second, "late invoice",
        )  # fmt: skip

    def test_takes_two_people(self, by: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)
        period = close(NOVEMBER, by, now)

        with pytest.raises(errors.SamePerson):
            reopen(NOVEMBER, by, by, now)
        for approved_by in (None, by):
            with pytest.raises(DatabaseError, match="reopened_by_two"), transaction.atomic():
                PeriodMove.objects.create(
                    period=period, at=now, from_state="CLOSED", to_state="OPEN", by=by,
                    approved_by=approved_by,
                )  # fmt: skip
        assert books.state_of(NOVEMBER) == PeriodState.CLOSED

    def test_begins_with_the_last(self, by: User, second: User, now: datetime) -> None:
        tip(1, on=NOVEMBER, now=now)
        close(NOVEMBER, by, now)
        ledger.start_closing(month=DECEMBER, by=by, now=now)

        with pytest.raises(errors.PeriodOutOfOrder):
            reopen(NOVEMBER, by, second, now)
        with pytest.raises(DatabaseError, match="followed by one"), transaction.atomic():
            Period.objects.filter(month=NOVEMBER).update(state="OPEN", closed_at=None)

        assert books.state_of(NOVEMBER) == PeriodState.CLOSED

    def test_is_refused_without_two_people_in_its_history(
        self, by: User, second: User, now: datetime
    ) -> None:
        tip(1, on=NOVEMBER, now=now)
        for _ in range(2):  # the two of an earlier time do not count
            close(NOVEMBER, by, now)
            with pytest.raises(DatabaseError, match="by two people"), transaction.atomic():
                Period.objects.update(state="OPEN", closed_at=None)
            assert books.state_of(NOVEMBER) == PeriodState.CLOSED
            reopen(NOVEMBER, by, second, now)

        assert books.state_of(NOVEMBER) == PeriodState.OPEN


class TestTheDatabase:
    @pytest.mark.parametrize(
        "sql",
        [
            "INSERT INTO ledger_period (month, state, closed_at)"
            " VALUES ('2026-03-01', 'CLOSED', now())",
            "UPDATE ledger_period SET state = 'CLOSED', closed_at = now()",
            "UPDATE ledger_period SET month = '2025-10-01'",
            "DELETE FROM ledger_period",
            "UPDATE ledger_periodmove SET reason = 'another'",
            "DELETE FROM ledger_periodmove",
        ],
    )
    def test_moves_a_month_only_step_by_step(self, by: User, now: datetime, sql: str) -> None:
        tip(1, on=NOVEMBER, now=now)
        ledger.start_closing(month=NOVEMBER, by=by, now=now)
        ledger.abandon_closing(month=NOVEMBER, by=by, reason="no", now=now)

        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(sql)

        assert books.state_of(NOVEMBER) == PeriodState.OPEN
        assert books.moves_of(NOVEMBER).count() == 2


def test_the_months_of_the_books_are_listed_newest_first(by: User, now: datetime) -> None:
    tip(1, on=NOVEMBER, now=now)
    close(NOVEMBER, by, now)

    rows = books.period_rows(today=now.date())

    assert [(row.month, row.state, row.is_next) for row in rows] == [
        (JANUARY, PeriodState.OPEN, False),
        (DECEMBER, PeriodState.OPEN, True),
        (NOVEMBER, PeriodState.CLOSED, False),
    ]
