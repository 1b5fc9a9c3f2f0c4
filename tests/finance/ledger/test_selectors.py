"""What others read of the books."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import AccountRef, Draft, credit, debit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(now: datetime) -> list[int]:
    """Three deposits of 1.00, 2.00 and 3.00 for one fan, and one of 9.00 for another."""
    with transaction.atomic():
        posted = ledger.post_many(
            [
                postings.wallet_deposit(
                    transaction_id=dollars,
                    fan_id=4 if dollars == 9 else 3,
                    gateway="ccbill",
                    amount=Money(100 * dollars, "USD"),
                    processing_fee=Money(0, "USD"),
                    cluster="boyfanz",
                )
                for dollars in (1, 2, 3, 9)
            ],
            now=now,
        )
    return [p.entry_id for p in posted]


def test_statement_is_one_accounts_lines_newest_first(ids, now, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        rows = books.statement_of(postings.wallet(3), "USD")

    assert [row.amount for row in rows] == [Money(m, "USD") for m in (300, 200, 100)]
    assert [row.entry_id for row in rows] == ids[2::-1]
    assert (rows[0].kind, rows[0].source) == (EntryKind.WALLET_DEPOSIT, "transaction:3:captured")
    assert (rows[0].effective_on, rows[0].posted_at) == (now.date(), now)
    assert rows[0].number == f"JE-2026-{ids[2]:06d}"


def test_statement_goes_on_where_a_page_ended(ids) -> None:
    page = books.statement_of(postings.wallet(3), "USD", limit=2)
    rest = books.statement_of(postings.wallet(3), "USD", before_id=page[-1].entry_id)

    assert [row.amount.minor for row in (*page, *rest)] == [300, 200, 100]
    assert books.statement_of(postings.wallet(3), "EUR") == []
    assert books.statement_of(postings.wallet(99), "USD") == []


def test_entry_is_found_by_its_source(ids) -> None:
    found = books.entry_of("transaction:2:captured")

    assert found is not None
    assert found.pk == ids[1]
    assert books.entry_of("transaction:5:captured") is None


def test_trial_balance_stands_on_two_equal_sides(ids) -> None:
    rows = {row.code: (row.debit_minor, row.credit_minor) for row in books.trial_balance()}

    assert rows == {"1100": (15_00, 0), "2000": (0, 15_00)}


def test_an_amount_that_could_not_be_summed_with_others_is_refused(ids, now) -> None:
    equity, bank = AccountRef("3000"), AccountRef("1000", "bank:main")

    def draft(source: str, minor: int) -> Draft:
        most = Money(minor, "USD")
        return Draft(EntryKind.CAPITAL_PAID_IN, source, (debit(bank, most), credit(equity, most)))

    with transaction.atomic():
        ledger.post(draft("most:1", 10**15), now=now)
        with pytest.raises(errors.AmountOutOfRange):
            ledger.post(draft("most:2", 10**15 + 1), now=now)

    assert books.balance_of(equity, "USD") == Money(10**15, "USD")
    assert Entry.objects.count() == 5


def test_text_comes_back_as_it_was_sent(now) -> None:
    memo = 'a "b" \\ {c,d} NULL \x1e é'
    one = Money(1, "USD")
    lines = (debit(AccountRef("1000", "bank:main"), one), credit(AccountRef("3000"), one))
    with transaction.atomic():
        ledger.post(Draft(EntryKind.CAPITAL_PAID_IN, 'odd","\\', lines, memo=memo), now=now)

    entry = books.entry_of('odd","\\')

    assert entry is not None
    assert entry.memo == memo
