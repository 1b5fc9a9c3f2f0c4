"""The books refuse what breaks them, whoever writes: ORM or plain SQL."""

# ruff: noqa: E501, S608

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Balance, Entry, Line

pytestmark = pytest.mark.django_db

HEAD = (
    "INSERT INTO ledger_entry (kind, source, request_hash, line_count, cluster, effective_on,"
    " posted_at, memo) VALUES ('TIP_CARD', 'raw', '', 2, '', '2026-01-15', now(), '')"
)
LINES = "INSERT INTO ledger_line (entry_id, n, account_id, amount_minor, currency, effective_on)"
ACCOUNT = "(SELECT id FROM ledger_account WHERE code = '{}')"


@pytest.fixture(autouse=True)
def _books(now: datetime) -> None:
    with transaction.atomic():
        ledger.post(
            postings.tip_by_card(
                transaction_id=1,
                creator_id=7,
                gateway="ccbill",
                amount=Money(100_00, "USD"),
                platform_fee=Money(15_00, "USD"),
                processing_fee=Money(5_00, "USD"),
                cluster="boyfanz",
            ),
            now=now,
        )


def whole(*amounts: tuple[str, int, str]) -> str:
    """One statement that inserts an entry with its lines, as psql might."""
    rows = ", ".join(
        f"({n}, {ACCOUNT.format(code)}, {minor}, '{currency}')"
        for n, (code, minor, currency) in enumerate(amounts, 1)
    )
    head = HEAD.replace(", 2,", f", {len(amounts)},")
    return (
        f"WITH e AS ({head} RETURNING id, effective_on) {LINES} SELECT e.id, v.n, v.account,"
        f" v.amount, v.currency, e.effective_on FROM e, (VALUES {rows}) v(n, account, amount, currency)"
    )


def refused(sql: str, code: str) -> None:
    before = (Entry.objects.count(), Line.objects.count(), books.trial_balance())
    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert getattr(refusal.value.__cause__, "sqlstate", None) == code
    assert (Entry.objects.count(), Line.objects.count(), books.trial_balance()) == before


class TestPlainSql:
    def test_posts_a_whole_balanced_entry_and_its_balances(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(whole(("1100", 100, "USD"), ("4000", -100, "USD")))

        assert books.balance_of(postings.PLATFORM_REVENUE, "USD") == Money(16_00, "USD")

    @pytest.mark.parametrize(
        ("sql", "code"),
        [
            (HEAD, "FL001"),
            (whole(("1100", 100, "USD")), "FL001"),
            (whole(("1100", 100, "USD"), ("4000", -99, "USD")), "FL001"),
            (whole(("1100", 100, "USD"), ("4000", -100, "EUR")), "FL001"),
            (whole(("1100", 100, "EUR"), ("4000", -100, "EUR")), "FL006"),
            (whole(("9999", 100, "USD"), ("4000", -100, "USD")), "23502"),
            (whole(("1100", 100, "USD"), ("4000", -100, "USD")).replace(ACCOUNT.format("1100"), "999999"), "FL003"),
            (whole(("2100", 80_01, "USD"), ("4000", -80_01, "USD")), "FL002"),
            (whole(("1100", 0, "USD"), ("4000", 0, "USD")), "FL007"),
            (whole(("1100", 2**63 - 1, "USD"), ("4000", -(2**63 - 1), "USD")), "FL007"),
            (whole(("1100", 10**15 + 1, "USD"), ("4000", -(10**15) - 1, "USD")), "FL007"),
            (whole(("1100", 1, "USD"), ("4000", -1, "USD")).replace("'raw'", "'transaction:1:captured'"), "23505"),
            (f"{LINES} SELECT 999999, n, id, 3 - 2 * n, 'USD', '2026-01-15' FROM ledger_account, generate_series(1, 2) n WHERE code = '4000'", "FL001"),
            (f"{LINES} SELECT e.id, 4 + n, a.id, 3 - 2 * n, 'USD', '2026-01-15' FROM ledger_entry e, ledger_account a, generate_series(1, 2) n WHERE code = '4000'", "FL001"),
            (f"{LINES} SELECT 999999, n, 999999, 3 - 2 * n, 'USD', '2026-01-15' FROM generate_series(1, 2) n", "FL001"),
            ("UPDATE ledger_entry SET memo = 'x'", "FL100"),
            ("UPDATE ledger_line SET amount_minor = 1 WHERE false", "FL100"),
            ("DELETE FROM ledger_entry", "FL100"),
            ("DELETE FROM ledger_line", "FL100"),
            ("TRUNCATE ledger_line", "FL100"),
            ("TRUNCATE ledger_entry", "FL100"),
            ("DELETE FROM ledger_account", "FL100"),
            ("TRUNCATE ledger_account", "FL100"),
            ("UPDATE ledger_account SET currency = 'EUR'", "FL100"),
            ("UPDATE ledger_balance SET credits_minor = credits_minor + 1", "FL100"),
            ("DELETE FROM ledger_balance", "FL100"),
            ("TRUNCATE ledger_balance", "FL100"),
            ("INSERT INTO ledger_balance SELECT * FROM ledger_balance", "FL100"),
        ],
    )  # fmt: skip
    def test_is_refused_and_moves_nothing(self, sql: str, code: str) -> None:
        refused(sql, code)

    def test_cannot_raise_the_overdraft_of_an_account(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_account SET allows_overdraft = true, stripes = 9")

        payable = Account.objects.get(code="2100")
        assert (payable.allows_overdraft, payable.stripes) == (False, 1)


class TestOrm:
    def test_cannot_add_change_or_remove(self, now: datetime) -> None:
        entry = Entry.objects.get()
        line = Line.objects.filter(entry=entry).first()
        assert line is not None
        attempts = [
            lambda: Entry.objects.create(
                kind="TIP_CARD", source="orm", request_hash=b"", line_count=2,
                effective_on=now.date(), posted_at=now,
            ),
            lambda: Line.objects.create(
                entry=entry, n=5, account_id=line.account_id, amount_minor=1, currency="USD",
                effective_on=entry.effective_on,
            ),
            lambda: Entry.objects.update(memo="x"),
            lambda: Line.objects.update(amount_minor=F("amount_minor") + 1),
            lambda: Balance.objects.update(held_minor=0),
            lambda: Account.objects.all()._raw_delete("default"),
        ]  # fmt: skip
        before = books.trial_balance()

        for attempt in attempts:
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()

        assert (Entry.objects.count(), Line.objects.count()) == (1, 4)
        assert books.trial_balance() == before
