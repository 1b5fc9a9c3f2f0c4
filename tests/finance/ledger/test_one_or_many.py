"""One entry goes a shorter way than many: each refusal is the same on both, and writes nothing."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Account, Entry, Line
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.ledger.postings.draft import credit, debit
from tests.finance.ledger.test_concurrency import tip

pytestmark = pytest.mark.django_db

CASH = postings.processor_clearing("ccbill")
REVENUE = postings.PLATFORM_REVENUE
CREATOR = postings.creator_payable(7)
ONE = Money(1_00, "USD")
TAKEN = "23505"

Rows = Sequence[tuple[str, int, str]]
PAIR: Rows = (("1100", 100, "USD"), ("4000", -100, "USD"))


def state() -> tuple[object, ...]:
    return Entry.objects.count(), Line.objects.count(), books.trial_balance()


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    with transaction.atomic():
        ledger.post_many([tip(1), tip(2)], now=now)
        opposite = taken_back(EntryKind.REVERSAL, "reverses", "transaction:1:captured")
        ledger.post(opposite._replace(source="taken back"), now=now)


def draft(*movements: postings.Movement, source: str = "bad", **other: Any) -> Draft:
    entry = Draft(EntryKind.TIP_CARD, source, movements)
    return entry._replace(**other)


def moved(debited: AccountRef, credited: AccountRef, amount: Money = ONE) -> Draft:
    return draft(debit(debited, amount), credit(credited, amount))


def taken_back(kind: EntryKind, column: str, source: str, share: int = 1) -> Draft:
    """Take back a part of the entry of ``source``, or all of it."""
    lines = Line.objects.filter(entry__source=source).select_related("account").order_by("n")
    movements = [
        postings.Movement(
            AccountRef(line.account.code, line.account.owner),
            Money(-line.amount_minor // share, line.currency),
        )
        for line in lines
    ]
    named: dict[str, Any] = {column: lines[0].entry_id}
    return draft(*movements, kind=kind, **named)


BAD = {
    "no movements": draft,
    "a single movement": lambda: draft(debit(CASH, ONE)),
    "off by a cent": lambda: draft(debit(CASH, ONE), credit(REVENUE, Money(99, "USD"))),
    "zero over two currencies": lambda: draft(
        debit(CASH, ONE), credit(REVENUE, Money(1_00, "EUR"))
    ),
    "more than the creator has": lambda: moved(
        CREATOR, REVENUE, Money(1_000_000_00, "USD")
    )._replace(kind=EntryKind.PLATFORM_FEE),
    "a code that is not in the chart": lambda: moved(AccountRef("9999"), REVENUE),
    "an owner of the wrong sort": lambda: moved(AccountRef("1100", "profile:1"), REVENUE),
    "an account of another kind": lambda: moved(REVENUE, CASH),
    "an entry by hand": lambda: moved(CASH, REVENUE)._replace(kind=EntryKind.MANUAL_ADJUSTMENT),
    "a kind that names an entry": lambda: moved(CASH, REVENUE)._replace(kind=EntryKind.REVERSAL),
    "a source that was posted": lambda: moved(CASH, REVENUE)._replace(
        source="transaction:2:captured"
    ),
    "no source": lambda: moved(CASH, REVENUE)._replace(source=""),
    "a day before the books": lambda: moved(CASH, REVENUE)._replace(
        effective_on=date(1999, 12, 31)
    ),
    "a day beyond the books": lambda: moved(CASH, REVENUE)._replace(effective_on=date(2200, 1, 1)),
    "reversed before": lambda: taken_back(
        EntryKind.REVERSAL, "reverses", "transaction:1:captured"
    ),
    "not the opposite": lambda: taken_back(
        EntryKind.REVERSAL, "reverses", "transaction:2:captured", share=2
    ),
    "a part of what was reversed": lambda: taken_back(
        EntryKind.CORRECTION, "corrects", "transaction:1:captured", share=2
    ),
    "nothing that was posted": lambda: moved(REVENUE, CASH)._replace(
        kind=EntryKind.REVERSAL, reverses=999_999
    ),
    "a text with NUL": lambda: moved(CASH, REVENUE)._replace(source="bad\0"),
    "an owner with NUL": lambda: moved(AccountRef("1100", "processor:\0"), REVENUE),
    "half of a pair": lambda: moved(CASH, REVENUE)._replace(source="\ud800"),
}
CODES = {
    "no movements": "ledger.unbalanced",
    "a single movement": "ledger.unbalanced",
    "off by a cent": "ledger.unbalanced",
    "zero over two currencies": "ledger.unbalanced",
    "more than the creator has": "ledger.insufficient_funds",
    "a code that is not in the chart": "ledger.unknown_account",
    "an owner of the wrong sort": "ledger.unknown_account",
    "an account of another kind": "ledger.kind_not_allowed",
    "an entry by hand": "ledger.not_approved",
    "a kind that names an entry": "ledger.malformed",
    "a source that was posted": "ledger.source_reused",
    "no source": "ledger.malformed",
    "a day before the books": "ledger.malformed",
    "a day beyond the books": "ledger.malformed",
    "reversed before": "ledger.already_reversed",
    "not the opposite": "ledger.not_the_opposite",
    "a part of what was reversed": "ledger.already_reversed",
    "nothing that was posted": "ledger.not_the_opposite",
    "a text with NUL": "ledger.malformed",
    "an owner with NUL": "ledger.malformed",
    "half of a pair": "ledger.malformed",
}


class TestByTheService:
    @pytest.mark.parametrize("watched", [False, True])
    @pytest.mark.parametrize("among", [0, 1])
    @pytest.mark.parametrize("what", BAD)
    def test_is_refused_alone_and_among_others_and_the_caller_goes_on(
        self, now: datetime, what: str, among: int, watched: bool
    ) -> None:
        bad = BAD[what]()
        others = [tip(10 + i) for i in range(among)]
        before = state()

        with transaction.atomic():
            ledger.post(tip(5), now=now)  # the statement is known to the connection by then
            looking_on = CaptureQueriesContext(connection) if watched else nullcontext()
            with looking_on, pytest.raises(DomainError) as refusal:
                ledger.post_many([bad, *others], now=now)
            after = state()
            transaction.set_rollback(True)

        assert refusal.value.code == CODES[what]
        assert after[0] == int(before[0]) + 1  # type: ignore[call-overload]
        assert after[1] == int(before[1]) + 4  # type: ignore[call-overload]
        assert state() == before

    @pytest.mark.parametrize("among", [0, 1])
    def test_is_replayed_alone_and_among_others(self, now: datetime, among: int) -> None:
        with transaction.atomic():
            first, *_ = ledger.post_many([tip(2), *[tip(10)] * among], now=now)

        assert first.replayed
        assert first.entry_id == Entry.objects.get(source="transaction:2:captured").pk

    @pytest.mark.parametrize("among", [0, 1])
    def test_opens_the_accounts_it_needs(self, now: datetime, among: int) -> None:
        new = moved(postings.processor_clearing("other"), REVENUE)

        with transaction.atomic():
            ledger.post_many([new, *[tip(10)] * among], now=now)

        assert Account.objects.filter(owner="processor:other", currency="USD").count() == 1
        assert books.balance_of(postings.processor_clearing("other"), "USD") == ONE

    @pytest.mark.parametrize("among", [0, 1])
    def test_an_account_may_be_moved_by_two_lines(self, now: datetime, among: int) -> None:
        twice = draft(debit(CASH, ONE), debit(CASH, ONE), credit(REVENUE, Money(2_00, "USD")))
        before = books.balance_of(CASH, "USD")

        with transaction.atomic():
            posted, *_ = ledger.post_many([twice, *[tip(10)] * among], now=now)

        assert Line.objects.filter(entry_id=posted.entry_id).count() == 3
        assert books.balance_of(CASH, "USD") == before + Money(2_00 + among * 100_00, "USD")

    @pytest.mark.parametrize("among", [0, 1])
    def test_an_entry_of_many_lines_is_posted(self, now: datetime, among: int) -> None:
        movements = [debit(CASH, Money(1 + i, "USD")) for i in range(40)]
        long = draft(*movements, credit(REVENUE, Money(820, "USD")))
        before = books.balance_of(CASH, "USD")

        with transaction.atomic():
            ledger.post_many([long, *[tip(10)] * among], now=now)

        assert books.balance_of(CASH, "USD") == before + Money(8_20 + among * 100_00, "USD")

    def test_a_posting_after_a_rollback_is_prepared_again(self, now: datetime) -> None:
        for number in range(20, 24):
            with transaction.atomic():
                ledger.post(tip(number), now=now)
            with transaction.atomic():
                ledger.post(tip(number + 100), now=now)
                transaction.set_rollback(True)

        assert Entry.objects.filter(source__startswith="transaction:2").count() == 5


def statement(*entries: tuple[str, Rows], count: int | None = None) -> str:
    """One statement that inserts entries with their lines, as psql might."""
    heads = ", ".join(f"('{source}', {count or len(rows)})" for source, rows in entries)
    lines = ", ".join(
        f"('{source}', {n}, '{code}', {minor}, '{currency}')"
        for source, rows in entries
        for n, (code, minor, currency) in enumerate(rows, 1)
    )
    return (
        "WITH e AS (INSERT INTO ledger_entry (kind, source, request_hash, line_count, cluster,"
        " effective_on, posted_at, memo) SELECT 'TIP_CARD', h.source, '', h.n, '', '2026-01-15',"
        f" now(), '' FROM (VALUES {heads}) h(source, n) RETURNING id, source, effective_on)"
        " INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency, effective_on)"
        " SELECT e.id, v.n, (SELECT id FROM ledger_account a WHERE a.code = v.code LIMIT 1),"
        f" v.amount, v.currency, e.effective_on FROM e JOIN (VALUES {lines})"
        " v(source, n, code, amount, currency) USING (source)"
    )


class TestByPlainSql:
    @pytest.mark.parametrize("good", [(), (("good", PAIR),)])
    @pytest.mark.parametrize(
        ("rows", "change", "code"),
        [
            (PAIR, ("", ""), None),
            ((*PAIR, *PAIR), ("", ""), None),
            (PAIR[:1], ("", ""), "FL001"),
            ((PAIR[0], ("4000", -99, "USD")), ("", ""), "FL001"),
            ((PAIR[0], ("4000", -100, "EUR")), ("", ""), "FL001"),
            ((("1100", 100, "EUR"), ("4000", -100, "EUR")), ("", ""), "FL006"),
            ((("2100", 80_01, "USD"), ("1100", -80_01, "USD")), ("", ""), "FL002"),
            ((("1100", 0, "USD"), ("4000", 0, "USD")), ("", ""), "FL007"),
            ((("1100", 10**15 + 1, "USD"), ("4000", -(10**15) - 1, "USD")), ("", ""), "FL007"),
            ((("4000", 100, "USD"), ("1100", -100, "USD")), ("", ""), "FL009"),
            (PAIR, ("('bad', 1,", "('bad', 0,"), "FL001"),
            (PAIR, ("('bad', 2,", "('bad', 3,"), "FL001"),
            (PAIR, ("('bad', 2)", "('bad', 3)"), "FL001"),
            (PAIR, ("'TIP_CARD'", "'MANUAL_ADJUSTMENT'"), "FL012"),
            (PAIR, ("'TIP_CARD'", "'REVERSAL'"), "FL013"),
            (PAIR, ("'TIP_CARD'", "'CORRECTION'"), "FL013"),
            (PAIR, ("'TIP_CARD'", "'NO_SUCH_KIND'"), "FL009"),
            (PAIR, ("e.effective_on FROM", "e.effective_on + 1 FROM"), "FL001"),
            (PAIR, ("now()", "'infinity'"), "FL013"),
            (PAIR, ("('bad', 2)", "('', 2)"), "FL001"),
            (PAIR, ("'bad'", "''"), "FL013"),
            (PAIR, ("('bad', 2)", "('transaction:2:captured', 2)"), TAKEN),
        ],
    )
    def test_is_judged_alone_and_beside_a_good_one(
        self,
        rows: Rows,
        change: tuple[str, str],
        code: str | None,
        good: tuple[tuple[str, Rows], ...],
    ) -> None:
        sql = (
            statement(("bad", rows), *good).replace(*change)
            if change[0]
            else statement(("bad", rows), *good)
        )
        before = state()

        if code is None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
            assert Entry.objects.count() == int(before[0]) + 1 + len(good)  # type: ignore[call-overload]
            assert ledger.check_books(now=datetime.fromisoformat("2026-01-16T00:00:00Z")).ok
            return
        with (
            pytest.raises(DatabaseError) as refusal,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
        assert getattr(refusal.value.__cause__, "sqlstate", None) == code
        assert state() == before
