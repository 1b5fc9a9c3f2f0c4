"""The proof finds what somebody with the power to switch the guards off has done."""

# ruff: noqa: E501, S608 - the deeds are constants

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, BooksCheck, Entry
from apps.finance.ledger.selectors import proof
from apps.finance.ledger.selectors.proof_rules import (
    ACCOUNT_RULES,
    ENTRY_RULES,
    LINES_RULES,
    ROLLED_RULES,
    TABLE_RULES,
)
from apps.finance.ledger.services import check as check_module
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    amount = Money(100_00, "USD")
    with transaction.atomic():
        for i in (1, 2):
            ledger.post(
                postings.wallet_deposit(
                    transaction_id=i,
                    fan_id=3,
                    gateway="ccbill",
                    amount=amount,
                    processing_fee=Money(5_00, "USD"),
                    cluster="boyfanz",
                ),
                now=now,
            )


def as_owner(*statements: str) -> None:
    """Do what the guards refuse, as only a superuser can."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in statements:
            cursor.execute(sql)
            assert cursor.rowcount
        cursor.execute("SET LOCAL session_replication_role = origin")


FIRST = "(SELECT min(id) FROM ledger_entry)"
#: What is done, and the rule that notices it.
DONE = [
    ("UPDATE ledger_line SET amount_minor = 9 WHERE n = 1", "every entry sums to zero in every currency"),
    ("DELETE FROM ledger_line WHERE n = 4", "every entry has exactly the lines it counts"),
    ("DELETE FROM ledger_entry WHERE source = 'transaction:1:captured'", "every line belongs to an entry of its day"),
    ("UPDATE ledger_line SET effective_on = effective_on + 1", "every line belongs to an entry of its day"),
    ("UPDATE ledger_line SET account_id = 999999 WHERE n = 1", "every line is on an account of its currency"),
    ("UPDATE ledger_line SET currency = 'EUR'", "every line is on an account of its currency"),
    ("UPDATE ledger_entry SET kind = 'PAYOUT_SETTLED'", "every line is one its kind of entry may have"),
    (f"UPDATE ledger_line SET amount_minor = 2 * amount_minor WHERE entry_id = {FIRST}", "every reversal is the exact opposite of one entry"),
    (f"DELETE FROM ledger_entry WHERE id = {FIRST}", "every reversal is the exact opposite of one entry"),
    ("UPDATE ledger_entry SET memo = 'another'", "every block of the chain verifies"),
    ("UPDATE ledger_block SET hash = repeat('0', 64)", "every block of the chain verifies"),
    ("UPDATE ledger_entry SET source = 'proposal:77'||id, kind = 'MANUAL_ADJUSTMENT' WHERE kind = 'WALLET_DEPOSIT'", "every source names a row"),
    ("UPDATE ledger_entry SET source = 'entry:x:reversed'||id", "every source names a row"),
    ("UPDATE ledger_balance SET credits_minor = credits_minor + 1", "every balance is the sum of its lines"),
    ("UPDATE ledger_balance SET credits_minor = credits_minor + 1", "every balance is what the totals and the newest lines say"),
    ("DELETE FROM ledger_balance WHERE stripe = 15", "every account has its balance rows, with its bound and state"),
    ("UPDATE ledger_balance SET is_open = false", "every account has its balance rows, with its bound and state"),
    ("UPDATE ledger_balance SET bound = 0, debits_minor = 999999 WHERE bound = 1", "no account is overdrawn that may not be"),
    ("UPDATE ledger_balance SET held_minor = 1 WHERE bound = 1", "what is held is the sum of the open holds"),
    ("UPDATE ledger_account SET allows_overdraft = true", "every account is what the chart of the database says"),
    ("UPDATE ledger_account SET closed_at = now()", "every closed account is empty"),
    ("UPDATE ledger_accounttotal SET lines = lines + 1", "the totals of accounts are the sum of their lines"),
    ("UPDATE ledger_accounttotal SET month = month - interval '1 month'", "the totals of accounts are the sum of their lines"),
    ("DELETE FROM ledger_accounttotal", "every balance is what the totals and the newest lines say"),
    ("UPDATE ledger_monthtotal SET credits_minor = credits_minor + 1", "the totals of codes are the sum of those of their accounts"),
    ("DELETE FROM ledger_monthtotal WHERE code = '2000'", "the totals of codes are the sum of those of their accounts"),
    ("UPDATE ledger_daytotal SET debits_minor = debits_minor + 1", "the totals of days are those of their month"),
    ("UPDATE ledger_accountsnapshot SET debits_minor = debits_minor + 1", "the snapshots of accounts are the sum of what moved until then"),
    ("UPDATE ledger_codesnapshot SET credits_minor = credits_minor + 1", "the last snapshot is what stood, and nothing came after it"),
    ("DELETE FROM ledger_codesnapshot", "every closed month has its snapshot, and no other"),
    ("UPDATE ledger_period SET state = 'OPEN', closed_at = NULL", "every closed month has its snapshot, and no other"),
    ("INSERT INTO ledger_period (month, state) VALUES ('2025-03-01', 'OPEN')", "months are closed one after another"),
    ("UPDATE ledger_bookmark SET low_id = low_id - 1", "the chain reaches as far as the totals"),
    ("DELETE FROM ledger_block", "the chain reaches as far as the totals"),
    ("DELETE FROM ledger_kind_rule WHERE kind = 'TIP_CARD'", "the kinds of the database are the kinds of the program"),
]  # fmt: skip


@pytest.fixture
def _a_full_life(now: datetime) -> None:
    """A reversal as well, all rolled, and the month closed."""
    by, later = StaffFactory.create(), now + timedelta(days=30)
    entry = Entry.objects.earliest("id")
    ledger.reverse(entry_id=entry.pk, by=by, reason="for the test", now=now)
    ledger.start_closing(month=date(2026, 1, 1), by=by, now=later)
    ledger.roll_forward(now=later)
    ledger.check_books(now=later)
    ledger.close_period(month=date(2026, 1, 1), by=by, now=later)
    assert ledger.check_books(now=later).findings == []
    assert ledger.check_slice(now=later).findings == []


#: These need all lines or all totals to be read.
ONLY_FULL = {
    "every balance is the sum of its lines",
    "every source is in the books once",
    "the totals of accounts are the sum of their lines",
    "the totals of codes are the sum of those of their accounts",
    "the totals of days are those of their month",
    "the snapshots of accounts are the sum of what moved until then",
}


class TestCheckBooks:
    def test_proves_true_books(self, now: datetime) -> None:
        check = ledger.check_books(now=now)

        assert (check.ok, check.entries, check.lines, check.findings) == (True, 2, 8, [])
        assert check.scope == "FULL"
        assert books.last_check() == check

    @pytest.mark.usefixtures("_a_full_life")
    @pytest.mark.parametrize(("sql", "rule"), DONE)
    def test_finds_what_was_done(self, now: datetime, sql: str, rule: str, caplog) -> None:
        as_owner(sql)

        check = ledger.check_books(now=now)
        in_a_slice = ledger.check_slice(now=now)

        assert not check.ok
        assert rule in {finding["rule"] for finding in check.findings}
        if rule not in ONLY_FULL:
            assert rule in {finding["rule"] for finding in in_a_slice.findings}
        assert "ledger.books_do_not_balance" in caplog.text

    def test_judges_every_rule_there_is(self) -> None:
        rules = {*ENTRY_RULES, *ACCOUNT_RULES, *LINES_RULES, *ROLLED_RULES, *TABLE_RULES}

        assert rules - {rule for _, rule in DONE} == {
            "every source is in the books once",  # test_finds_a_source_that_is_there_twice
            "every guard of the tables is on",  # test_finds_a_guard_that_is_off
            "every guard of the tables is there",  # test_finds_a_guard_that_is_gone
        }

    def test_finds_a_source_that_is_there_twice(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_source_once")
        as_owner("UPDATE ledger_entry SET source = 'the same'")

        rules = {finding["rule"] for finding in ledger.check_books(now=now).findings}

        assert "every source is in the books once" in rules

    def test_finds_sources_whose_row_is_gone(self, now: datetime, settings) -> None:
        settings.LEDGER_SOURCES = {"transaction": "payments_transaction"}

        check = ledger.check_books(now=now)

        assert {finding["rule"] for finding in check.findings} == {"every source names a row"}
        assert check.findings[0]["what"].endswith(": transaction:1:captured")

    def test_finds_a_guard_that_is_gone(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER ledger_line_append_only ON ledger_line")

        check = ledger.check_books(now=now)

        assert check.findings == [
            {
                "rule": "every guard of the tables is there",
                "what": "trigger ledger_line_append_only on ledger_line",
            }
        ]

    def test_keeps_the_first_findings_of_each_rule(self, now: datetime, monkeypatch) -> None:
        monkeypatch.setattr(proof, "WINDOW", 1)
        monkeypatch.setattr(proof, "EACH", 1)
        as_owner("UPDATE ledger_line SET amount_minor = 9 WHERE n = 1")

        rules = Counter(finding["rule"] for finding in ledger.check_books(now=now).findings)

        assert set(rules.values()) == {1}
        assert ledger.check_books(now=now).lines == 8

    def test_finds_a_guard_that_is_off(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_line DISABLE TRIGGER ledger_line_balances")

        check = ledger.check_books(now=now)

        assert check.findings == [
            {
                "rule": "every guard of the tables is on",
                "what": "trigger ledger_line_balances on ledger_line",
            }
        ]


class TestCheckSlice:
    def test_looks_at_what_is_new_once_and_at_the_old_in_turns(
        self, now: datetime, monkeypatch
    ) -> None:
        first, second = Entry.objects.order_by("id").values_list("pk", flat=True)
        monkeypatch.setattr(check_module, "OLD_ENTRIES", 1)
        monkeypatch.setattr(check_module, "ACCOUNTS", 1)

        assert ledger.check_slice(now=now).new_to_id == 0  # nothing is rolled
        ledger.roll_forward(now=now)
        new = ledger.check_slice(now=now)
        assert (new.scope, new.ok, new.entries, new.new_to_id) == ("SLICE", True, 2, second)

        ids = list(Account.objects.order_by("id").values_list("pk", flat=True))
        seen, accounts = [], []
        for _ in ids:
            check = ledger.check_slice(now=now)
            seen.append(check.old_to_id)
            accounts.append(check.account_to_id)
        # One at a time and round again; numbers without a row take no turn.
        assert seen[:4] == [first, second, first, second]
        assert set(accounts) == set(ids)

    def test_finds_an_old_entry_that_was_touched_within_one_round(
        self, now: datetime, monkeypatch
    ) -> None:
        monkeypatch.setattr(check_module, "OLD_ENTRIES", 1)
        ledger.roll_forward(now=now)
        ledger.check_slice(now=now)
        last = Entry.objects.latest("id").pk
        as_owner(f"UPDATE ledger_entry SET memo = 'x' WHERE id = {last}")

        answers = [ledger.check_slice(now=now).ok for _ in range(2)]

        assert False in answers

    def test_begins_where_the_books_do_however_high_their_numbers(self, now: datetime) -> None:
        """A sequence that ran ahead must not leave a day of runs that judge nothing."""
        as_owner(
            "UPDATE ledger_line SET entry_id = entry_id + 300000",
            "UPDATE ledger_entry SET id = id + 300000",
            f"ALTER SEQUENCE ledger_entry_id_seq RESTART {Entry.objects.latest('id').pk + 300000}",
            "SELECT nextval('ledger_entry_id_seq')",
        )
        ledger.roll_forward(now=now)
        ledger.check_slice(now=now)

        check = ledger.check_slice(now=now)

        assert (check.entries, check.old_to_id) == (2, Entry.objects.latest("id").pk)

    def test_starts_anew_in_books_that_are_younger_than_its_mark(self, now: datetime) -> None:
        ledger.roll_forward(now=now)
        ledger.check_slice(now=now)
        BooksCheck.objects.update(new_to_id=10**9, old_to_id=10**9, account_to_id=10**9)

        check = ledger.check_slice(now=now)

        assert check.ok
        assert check.new_to_id == Entry.objects.latest("id").pk


class TestCommand:
    def test_proves_a_slice(self) -> None:
        out = StringIO()

        call_command("ledger_check", "--slice", "--json", stdout=out)

        assert json.loads(out.getvalue())["scope"] == "SLICE"

    def test_says_yes_and_exits_0(self) -> None:
        out = StringIO()

        call_command("ledger_check", stdout=out)

        assert out.getvalue() == "The books balance: 2 entries, 8 lines checked.\n"

    def test_exits_1_with_what_it_found(self) -> None:
        as_owner("UPDATE ledger_balance SET debits_minor = debits_minor + 1 WHERE bound = 1")
        out = StringIO()

        with pytest.raises(SystemExit) as exit_:
            call_command("ledger_check", "--json", stdout=out)

        assert exit_.value.code == 1
        answer = json.loads(out.getvalue())
        assert not answer["ok"]
        assert answer["findings"][0]["rule"] == "every balance is the sum of its lines"
