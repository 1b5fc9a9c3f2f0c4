"""What the database says about an entry as a whole, in plain SQL: kind, dates, what it takes back."""

# ruff: noqa: E501, S608

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Entry
from tests.finance.ledger.test_concurrency import tip
from tests.finance.ledger.test_guards import HEAD, refused, whole

pytestmark = pytest.mark.django_db

PAIR = (("1100", 100, "USD"), ("4000", -100, "USD"))


def named(
    column: str, kind: str, lines: str, source: str = "raw", number: int | None = None
) -> str:
    """One statement that inserts an entry naming the first one, with ``lines`` of (n, code, amount)."""
    count = number or lines.count("(")
    return (
        f"WITH e AS (INSERT INTO ledger_entry (kind, source, request_hash, line_count, cluster,"
        f" effective_on, posted_at, memo, {column}) SELECT '{kind}', '{source}', '', {count}, '',"
        f" '2026-01-15', now(), '', min(id) FROM ledger_entry WHERE source = 'transaction:1:captured'"
        " RETURNING id, effective_on)"
        " INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency, effective_on)"
        " SELECT e.id, v.n, a.id, v.amount, 'USD', e.effective_on"
        f" FROM e, (VALUES {lines}) v(n, code, amount) JOIN ledger_account a USING (code)"
    )


#: The tip moves 1100 +10000, 2100 -8000, 4000 -1500, 2200 -500.
OPPOSITE = "(1, '1100', -10000), (2, '2100', 8000), (3, '4000', 1500), (4, '2200', 500)"


def reversal(lines: str) -> str:
    return named("reverses_id", "REVERSAL", lines)


def correction(lines: str, source: str = "raw") -> str:
    return named("corrects_id", "CORRECTION", lines, source)


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def _tip(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(tip(1), now=now)


@pytest.mark.usefixtures("_tip")
class TestWellFormed:
    @pytest.mark.parametrize(
        ("sql", "code"),
        [
            (whole(*PAIR).replace("'raw'", "''"), "FL013"),
            (whole(*PAIR).replace("'2026-01-15'", "'infinity'"), "FL013"),
            (whole(*PAIR).replace("'2026-01-15'", "'-infinity'"), "FL013"),
            (whole(*PAIR).replace("'2026-01-15'", "'20260-01-15'"), "FL013"),
            (whole(*PAIR).replace("'2026-01-15'", "'1026-01-15'"), "FL013"),
            (whole(*PAIR).replace("now()", "'infinity'"), "FL013"),
            (whole(*PAIR).replace("'TIP_CARD'", "''"), "FL009"),
            (whole(*PAIR).replace("'TIP_CARD'", "'NO_SUCH_KIND'"), "FL009"),
            (whole(*PAIR).replace("'TIP_CARD'", "'REVERSAL'"), "FL013"),
            (whole(*PAIR).replace("'TIP_CARD'", "'CORRECTION'"), "FL013"),
            (whole(*PAIR).replace("'TIP_CARD'", "'PAYOUT_RESERVED'"), "FL009"),
            (whole(("4000", 100, "USD"), ("1100", -100, "USD")), "FL009"),
            (whole(("4000", 100, "USD"), ("4000", -200, "USD"), ("1100", 100, "USD")), "FL009"),
            (named("reverses_id", "TIP_CARD", OPPOSITE), "FL013"),
            (named("corrects_id", "TIP_CARD", "(1, '1100', -1), (2, '4000', 1)"), "FL013"),
            (whole(*PAIR).replace("(1, ", "(0, "), "FL001"),
            (whole(*PAIR).replace("(2, ", "(3, "), "FL001"),
            (whole(*PAIR).replace("(2, ", "(-2, "), "FL001"),
            (HEAD.replace(", 2,", ", 0,"), "FL001"),
        ],
    )  # fmt: skip
    def test_or_refused(self, sql: str, code: str) -> None:
        refused(sql, code)

    def test_each_kind_of_a_batch_is_judged_by_its_own_rules(self, now: datetime) -> None:
        reserved = postings.payout_reserved(
            payout_id=1, creator_id=7, amount=Money(1, "USD"), cluster="boyfanz"
        )
        wrong = reserved._replace(kind=tip(2).kind, source="wrong")
        before = books.trial_balance()

        with transaction.atomic(), pytest.raises(Exception, match="may not touch") as refusal:
            ledger.post_many([tip(2), reserved, wrong], now=now)

        assert getattr(refusal.value, "code", "") == "ledger.kind_not_allowed"
        assert books.trial_balance() == before

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
    def test_nobody_posts_with_an_old_snapshot(self, now: datetime, level: str) -> None:
        def posted() -> None:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                ledger.post(tip(2), now=now)

        with pytest.raises(DatabaseError) as refusal:
            posted()

        assert getattr(refusal.value.__cause__, "sqlstate", None) == "FL100"
        assert Entry.objects.count() == 1

    @pytest.mark.parametrize(
        ("function", "when", "table"),
        [
            ("ledger_line_posted", "AFTER INSERT ON mine REFERENCING NEW TABLE AS fresh", "(LIKE ledger_line)"),
            ("ledger_entry_has_lines", "AFTER INSERT ON mine REFERENCING NEW TABLE AS fresh", "(LIKE ledger_entry)"),
            ("ledger_hold_held", "AFTER INSERT ON mine REFERENCING NEW TABLE AS fresh", "(LIKE ledger_hold)"),
            ("ledger_account_balances", "AFTER INSERT ON mine REFERENCING NEW TABLE AS changed", "(LIKE ledger_account)"),
        ],
    )  # fmt: skip
    def test_a_guard_hung_on_another_table_does_nothing(
        self, function: str, when: str, table: str
    ) -> None:
        columns = {"ledger_line": "entry_id", "ledger_entry": "id", "ledger_hold": "id", "ledger_account": "id"}  # fmt: skip
        real = table.removeprefix("(LIKE ").removesuffix(")")
        refused(
            f"CREATE TABLE mine {table}; CREATE TRIGGER mine {when} EXECUTE FUNCTION {function}();"
            f" INSERT INTO mine ({columns[real]}) SELECT 1 WHERE false",
            "FL100",
        )


@pytest.mark.usefixtures("_tip")
class TestReversal:
    def test_is_the_exact_opposite_once(self) -> None:
        run(reversal(OPPOSITE))

        assert books.balance_of(postings.PLATFORM_REVENUE, "USD") == Money(0, "USD")
        refused(reversal(OPPOSITE).replace("'raw'", "'again'"), "23505")

    @pytest.mark.parametrize(
        "lines",
        [
            "(1, '1100', -100), (2, '4000', 100)",
            "(1, '1100', -9999), (2, '2100', 7999), (3, '4000', 1500), (4, '2200', 500)",
            "(1, '1100', -10000), (2, '2100', 7900), (3, '4000', 1600), (4, '2200', 500)",
            "(1, '1100', -10000), (2, '2100', 8000), (3, '4000', 1000), (4, '4000', 500), (5, '2200', 500)",
            "(1, '1100', -10000), (2, '2100', 8000), (3, '4000', 2000)",
        ],
    )  # fmt: skip
    def test_or_refused(self, lines: str) -> None:
        refused(reversal(lines), "FL011")

    def test_of_nothing_or_of_a_reversal_is_refused(self) -> None:
        refused(reversal(OPPOSITE).replace("min(id)", "999999"), "FL011")
        run(reversal(OPPOSITE))
        back = (
            OPPOSITE.replace("-1", "1").replace("', ", "', -").replace("'1100', -1", "'1100', 1")
        )
        refused(
            reversal(back)
            .replace("transaction:1:captured", "raw")
            .replace("'raw', ''", "'b', ''"),
            "FL011",
        )


@pytest.mark.usefixtures("_tip")
class TestCorrection:
    def test_takes_back_a_part_and_then_what_is_left(self) -> None:
        run(correction("(1, '1100', -4000), (2, '2100', 4000)", "one"))
        run(correction("(1, '1100', -4000), (2, '2100', 4000)", "two"))
        run(correction("(1, '1100', -2000), (2, '4000', 1500), (3, '2200', 500)", "three"))

        assert books.balance_of(postings.processor_clearing("ccbill"), "USD") == Money(0, "USD")
        refused(correction("(1, '1100', -1), (2, '2100', 1)", "four"), "FL011")

    @pytest.mark.parametrize(
        "lines",
        [
            "(1, '1100', -8001), (2, '2100', 8001)",
            "(1, '1100', 100), (2, '2100', -100)",
            "(1, '2100', 100), (2, '4000', -100)",
        ],
    )
    def test_of_more_or_of_the_same_side_is_refused(self, lines: str) -> None:
        refused(correction(lines), "FL011")

    def test_on_an_account_the_entry_did_not_touch_is_refused(self, now: datetime) -> None:
        with transaction.atomic():
            ledger.post(
                postings.payout_reserved(
                    payout_id=1, creator_id=7, amount=Money(100, "USD"), cluster="boyfanz"
                ),
                now=now,
            )

        refused(correction("(1, '1100', -100), (2, '2300', 100)"), "FL011")

    def test_and_reversal_exclude_each_other(self) -> None:
        run(correction("(1, '1100', -4000), (2, '2100', 4000)", "one"))
        refused(reversal(OPPOSITE), "FL011")

        undo = "(1, '1100', 4000), (2, '2100', -4000)"
        run(reversal(undo).replace("transaction:1:captured", "one").replace("'raw'", "'undo'"))
        run(reversal(OPPOSITE))

        refused(correction("(1, '1100', -1), (2, '2100', 1)", "late"), "FL008")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.fixture(autouse=True)
    def _entry(self, now: datetime) -> None:
        with transaction.atomic():
            # Enough on every account for all of them to succeed, were they not judged.
            ledger.post_many([tip(1), tip(2), tip(3), tip(4)], now=now)

    def test_corrections_of_two_sessions_never_take_back_more_than_there_is(
        self, now: datetime
    ) -> None:
        half = "(1, '1100', -4500), (2, '2100', 4500)"

        ended = together([correction(half, f"half:{i}") for i in range(4)])

        assert sorted(ended) == ["FL011", "FL011", "FL011", "done"]
        assert ledger.check_books(now=now).ok

    def test_a_correction_and_a_reversal_never_both_succeed(self, now: datetime) -> None:
        for turn in range(3):
            source = f"transaction:{turn + 2}:captured"
            statements = [
                correction("(1, '1100', -4500), (2, '2100', 4500)", f"part:{turn}"),
                reversal(OPPOSITE).replace("'raw'", f"'back:{turn}'"),
            ]

            ended = together([sql.replace("transaction:1:captured", source) for sql in statements])

            assert sorted(ended) in (["FL008", "done"], ["FL011", "done"])
        assert ledger.check_books(now=now).ok


def together(statements: list[str]) -> list[str]:
    """Run statements in sessions that start at once and stay open a moment; say how each ended."""
    gate = Barrier(len(statements))

    def one(sql: str) -> str:
        gate.wait()
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.execute("SELECT pg_sleep(0.1)")
        except DatabaseError as error:
            return str(getattr(error.__cause__, "sqlstate", error))
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(statements)) as pool:
        return list(pool.map(one, statements))
