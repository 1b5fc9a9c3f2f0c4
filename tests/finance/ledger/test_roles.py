"""The role of the application does its work and can break nothing, whatever it writes."""

# ruff: noqa: E501, S608

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from apps.finance.ledger import errors
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Balance, Bookmark, Entry, Hold, Line
from tests.factories.accounts import UserFactory
from tests.finance.ledger.test_guards import LINES, whole
from tests.finance.ledger.test_holds import WALLET, deposit, place, tip, usd

pytestmark = pytest.mark.django_db
ROLE = "fanz_app_of_tests"
DENIED = "42501"
STATE = "SELECT (SELECT count(*) FROM ledger_entry), (SELECT count(*) FROM ledger_line), (SELECT sum(held_minor) FROM ledger_balance), (SELECT count(*) FROM ledger_account)"


def state() -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return (*cursor.fetchone(), books.trial_balance())


@pytest.fixture
def _as_the_application(transactional_caller: None, now: datetime) -> Iterator[None]:
    """Post a deposit as the owner, then be the role that the command makes; all is rolled back."""
    ledger.post(deposit(), now=now)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN")
        call_command("grant_roles", ROLE, verbosity=0)
        cursor.execute(f"SET ROLE {ROLE}")
        yield
        cursor.execute("RESET ROLE")


@pytest.mark.usefixtures("_as_the_application")
class TestRawSql:
    @pytest.mark.parametrize(
        ("sql", "code"),
        [
            ("UPDATE ledger_entry SET memo = 'x'", DENIED),
            ("DELETE FROM ledger_entry", DENIED),
            ("TRUNCATE ledger_entry", DENIED),
            ("UPDATE ledger_line SET amount_minor = 1", DENIED),
            ("DELETE FROM ledger_line", DENIED),
            ("TRUNCATE ledger_line CASCADE", DENIED),
            (whole(("1100", 100, "USD"), ("4000", -100, "USD")), DENIED),
            (f"{LINES} SELECT id, 3, 1, 5, 'USD', effective_on FROM ledger_entry", DENIED),
            ("UPDATE ledger_balance SET credits_minor = credits_minor + 1", DENIED),
            ("UPDATE ledger_balance SET held_minor = 0", DENIED),
            ("INSERT INTO ledger_balance SELECT * FROM ledger_balance", DENIED),
            ("DELETE FROM ledger_balance", DENIED),
            ("SELECT * FROM ledger_balance FOR UPDATE", DENIED),
            ("INSERT INTO ledger_account (code, owner, currency, type, normal_side, allows_overdraft, stripes, opened_at, is_frozen) VALUES ('9999', '', 'USD', '', '', true, 1, now(), false)", DENIED),
            ("UPDATE ledger_account SET allows_overdraft = true", DENIED),
            ("UPDATE ledger_account SET code = '2100'", DENIED),
            ("DELETE FROM ledger_account", DENIED),
            ("UPDATE ledger_account SET closed_at = now() WHERE code = '2000'", "FL014"),
            ("INSERT INTO ledger_kind_rule VALUES ('TIP_CARD', '9999', true, true)", DENIED),
            ("UPDATE ledger_kind_rule SET may_debit = true", DENIED),
            ("SELECT ledger_adopt_kinds()", DENIED),
            ("ALTER TABLE ledger_line DISABLE TRIGGER ALL", DENIED),
            ("DROP TRIGGER ledger_line_balances ON ledger_line", DENIED),
            ("CREATE TRIGGER mine BEFORE INSERT ON ledger_line FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", DENIED),
            ("SET session_replication_role = replica", DENIED),
            ("ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_within_bound", DENIED),
            ("CREATE TEMP TABLE ledger_account (id bigint)", DENIED),
            ("CREATE TEMP VIEW ledger_kind_rule AS SELECT 1", DENIED),
            ("CREATE TABLE mine (entry_id bigint)", DENIED),
            ("CREATE SCHEMA mine", DENIED),
            ("CREATE FUNCTION ledger_refuse_closed(date, date, int) RETURNS date LANGUAGE sql AS 'SELECT NULL::date'", DENIED),
            ("CREATE OR REPLACE FUNCTION ledger_kinds(OUT kind text, OUT code text, OUT may_debit boolean, OUT may_credit boolean) RETURNS SETOF record LANGUAGE sql AS 'SELECT 1, 2, true, true'", DENIED),
            ("DO $$ BEGIN UPDATE ledger_balance SET held_minor = 0; END $$", DENIED),
            ("SELECT setval('ledger_entry_id_seq', 1)", DENIED),
            ("SELECT nextval('ledger_entry_id_seq')", DENIED),
            ("DELETE FROM ledger_hold", DENIED),
            ("UPDATE ledger_hold SET amount_minor = 1", DENIED),
            ("INSERT INTO ledger_hold (account_id, amount_minor, captured_minor, released_minor, state, source, cluster, memo, placed_at) SELECT id, 10001, 0, 0, 'OPEN', 'x', '', '', now() FROM ledger_account WHERE code = '2000'", "FL002"),
            ("INSERT INTO ledger_hold (account_id, amount_minor, captured_minor, released_minor, state, source, cluster, memo, placed_at) SELECT id, 1, 0, 0, 'OPEN', 'x', '', '', now() FROM ledger_account WHERE code = '1100'", "FL015"),
            ("INSERT INTO ledger_hold (account_id, amount_minor, captured_minor, released_minor, state, source, cluster, memo, placed_at) VALUES (999999, 1, 0, 0, 'OPEN', 'x', '', '', now())", "FL003"),
            ("UPDATE ledger_bookmark SET low_id = 10 ^ 12", DENIED),
            ("DELETE FROM ledger_bookmark", DENIED),
            ("UPDATE ledger_daytotal SET debits_minor = 0", DENIED),
            ("DELETE FROM ledger_monthtotal", DENIED),
            ("INSERT INTO ledger_accounttotal SELECT * FROM ledger_accounttotal", DENIED),
            ("INSERT INTO ledger_block VALUES (1, 1, 99, 1, now(), '', '', now())", DENIED),
            ("UPDATE ledger_bookscheck SET ok = true", DENIED),
            ("SELECT ledger_roll_totals(0, 99)", DENIED),
            ("SELECT ledger_build_block(1000000000000, now())", DENIED),
            ("DELETE FROM ledger_periodmove", DENIED),
            ("INSERT INTO ledger_period (month, state, closed_at) VALUES ('2025-11-01', 'CLOSED', now())", "FL100"),
            ("DELETE FROM audit_auditrecord", DENIED),
            ("UPDATE payments_transactionevent SET id = 1", DENIED),
            ("DELETE FROM django_migrations", DENIED),
        ],
    )  # fmt: skip
    def test_is_refused_and_moves_nothing(self, sql: str, code: str) -> None:
        before = state()

        with (
            pytest.raises(DatabaseError) as refusal,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)

        assert getattr(refusal.value.__cause__, "sqlstate", None) == code
        assert state() == before


@pytest.mark.usefixtures("_as_the_application")
class TestOrm:
    def test_cannot_write_the_books(self, now: datetime) -> None:
        entry = Entry.objects.get()
        account = Account.objects.get(code="2000")
        before = state()

        for attempt in (
            lambda: Entry.objects.create(kind="TIP_CARD", source="orm", request_hash=b"", line_count=2, effective_on=now.date(), posted_at=now),
            lambda: Line.objects.create(entry=entry, n=5, account=account, amount_minor=1, currency="USD", effective_on=entry.effective_on),
            lambda: Entry.objects.update(memo="x"),
            lambda: Line.objects.update(amount_minor=F("amount_minor") + 1),
            lambda: Balance.objects.update(held_minor=0),
            lambda: Account.objects.update(allows_overdraft=True),
            lambda: Account.objects.update(closed_at=now),
            lambda: Hold.objects.all()._raw_delete("default"),
        ):  # fmt: skip
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()

        assert state() == before


@pytest.mark.usefixtures("_as_the_application")
class TestItsWork:
    def test_posts_holds_captures_releases_and_expires(self, now: datetime) -> None:
        ledger.post(tip("10.00"), now=now)
        ledger.post(tip("10.00"), now=now)
        ledger.post_many([tip("1.00", n) for n in range(10, 15)], now=now)
        hold = place("50.00", now, expires_at=now + timedelta(hours=1))
        ledger.capture_hold(hold_id=hold.pk, draft=tip("20.00", 20), now=now, final=False)
        ledger.release_hold(hold_id=hold.pk, amount=usd("5.00"), now=now)

        assert ledger.expire_holds(now=now + timedelta(hours=2)) == 1

        assert books.balance_of(WALLET, "USD") == usd("65.00")
        assert books.available_of(WALLET, "USD") == usd("65.00")
        assert ledger.check_books(now=now).ok

    def test_reverses_freezes_and_closes(self, now: datetime) -> None:
        by = UserFactory.create(is_staff=True)
        entry = Entry.objects.get()
        ledger.reverse(entry_id=entry.pk, by=by, reason="Test", now=now)
        account = Account.objects.get(code="2000")

        ledger.freeze_account(account_id=account.pk, by=by, reason="x", now=now)
        ledger.unfreeze_account(account_id=account.pk, by=by, reason="x", now=now)
        ledger.close_account(account_id=account.pk, by=by, reason="x", now=now)

        with pytest.raises(errors.AccountClosed):
            ledger.post(deposit("1.00", 9), now=now)
        assert books.balance_of(WALLET, "USD") == usd("0.00")


@pytest.mark.usefixtures("_as_the_application")
def test_a_false_word_about_the_numbers_keeps_nobody_from_posting(now: datetime) -> None:
    with connection.cursor() as cursor:
        for _ in range(3):
            cursor.execute("SELECT ledger_roll(%s, %s, %s)", [10**15, 2**31 - 1, now])
            cursor.execute("SELECT ledger_roll(%s, %s, %s)", [-(10**15), -5, now])

    ledger.post(tip("10.00"), now=now)

    assert Bookmark.objects.get().low_id < 10**12
    assert ledger.check_books(now=now).ok


@pytest.mark.parametrize(
    ("role", "powers", "message"),
    [("nobody_at_all", None, "there is no role"), (ROLE, "SUPERUSER", "no guard holds"), (ROLE, "CREATEROLE", "no guard holds")],
)  # fmt: skip
def test_the_command_refuses_a_role_against_which_no_guard_holds(
    role: str, powers: str | None, message: str
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        if powers:
            cursor.execute(f"CREATE ROLE {role} {powers}")
        with pytest.raises(DatabaseError, match=message), transaction.atomic():
            call_command("grant_roles", role, verbosity=0)


@pytest.fixture
def application() -> Iterator[psycopg.Connection]:
    """Connect as the role itself, which can go back to no other."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {ROLE}")
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN")
        call_command("grant_roles", ROLE, verbosity=0)
        words = {**connection.get_connection_params(), "user": ROLE}
        place_of_it = {
            name: words[name] for name in ("host", "port", "dbname", "user") if name in words
        }
        try:
            with psycopg.connect(**place_of_it, autocommit=True) as mine:
                yield mine
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute(f"DROP OWNED BY {ROLE}")
            cursor.execute(f"DROP ROLE {ROLE}")
            cursor.execute("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "sql",
    [
        "SET ROLE fanz",
        "SET SESSION AUTHORIZATION fanz",
        "SET session_replication_role = replica",
        "UPDATE ledger_balance SET held_minor = 0",
        "CREATE TEMP TABLE x (y int)",
        "COPY ledger_entry TO '/tmp/x'",
    ],
)
def test_a_connection_of_that_role_cannot_become_another(
    application: psycopg.Connection, sql: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        application.execute(sql.encode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("application")
def test_that_role_rolls_the_totals_forward_and_proves_the_books(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
    ledger.post_alone(deposit(), now=now)

    ledger.roll_forward(now=now)

    assert ledger.check_books(now=now).ok
