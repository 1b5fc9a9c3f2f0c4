"""A part of an entry is taken back, and never more of it than there is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import Movement, credit, debit
from apps.finance.ledger.services import Posted
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
LAST_MONTH = datetime(2026, 1, 15, 12, tzinfo=UTC)
CREATOR = postings.creator_payable(7)


def usd(text: str) -> Money:
    return Money.of(text, "USD")


@pytest.fixture
def staff() -> User:
    user: User = StaffFactory.create()
    return user


@pytest.fixture
def tip() -> Posted:
    with transaction.atomic():
        return ledger.post(
            postings.tip_by_card(
                transaction_id=1, creator_id=7, gateway="ccbill", amount=usd("100.00"),
                platform_fee=usd("15.00"), processing_fee=usd("5.00"), cluster="boyfanz",
            ),
            now=LAST_MONTH,
        )  # fmt: skip


def tipped(number: int, creator_id: int) -> None:
    with transaction.atomic():
        ledger.post(
            postings.tip_by_card(
                transaction_id=number, creator_id=creator_id, gateway="ccbill",
                amount=usd("50.00"), platform_fee=usd("0.00"), processing_fee=usd("0.00"),
                cluster="boyfanz",
            ),
            now=NOW,
        )  # fmt: skip


def ten_less() -> tuple[Movement, ...]:
    """The card was charged 10.00 too much: 8.00 of it went to the creator, 2.00 to us."""
    return (
        debit(CREATOR, usd("8.00")),
        debit(postings.PLATFORM_REVENUE, usd("2.00")),
        credit(postings.processor_clearing("ccbill"), usd("10.00")),
    )


def test_takes_a_part_back_and_names_the_entry(tip: Posted, staff: User) -> None:
    posted = ledger.correct(
        entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="typo", now=NOW
    )

    correction = Entry.objects.get(pk=posted.entry_id)
    assert (correction.kind, correction.corrects_id) == (EntryKind.CORRECTION, tip.entry_id)
    assert (correction.memo, correction.actor_id, correction.cluster) == (
        "typo", staff.pk, "boyfanz",
    )  # fmt: skip
    assert correction.effective_on == date(2026, 2, 3)
    assert books.balance_of(CREATOR, "USD") == usd("72.00")
    assert books.balance_of(postings.PLATFORM_REVENUE, "USD") == usd("13.00")
    assert books.balance_of(postings.processor_clearing("ccbill"), "USD") == usd("90.00")
    assert AuditRecord.objects.get().action == "ledger.corrected"
    assert ledger.check_books(now=NOW).ok


def test_counts_on_the_original_date_when_asked(tip: Posted, staff: User) -> None:
    posted = ledger.correct(
        entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="typo", now=NOW,
        on_original_date=True,
    )  # fmt: skip

    assert Entry.objects.get(pk=posted.entry_id).effective_on == date(2026, 1, 15)


def test_asked_again_returns_the_first_correction(tip: Posted, staff: User) -> None:
    first, again = (
        ledger.correct(
            entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="typo", now=NOW
        )
        for _ in range(2)
    )

    assert again == first._replace(replayed=True)
    assert Entry.objects.count() == 2
    assert AuditRecord.objects.count() == 1


def test_all_corrections_together_take_back_at_most_the_entry(tip: Posted, staff: User) -> None:
    for key in "abcdefg":  # 7 times 2.00 of the platform's 15.00
        ledger.correct(
            entry_id=tip.entry_id, key=key, movements=ten_less(), by=staff, reason="typo", now=NOW
        )

    with pytest.raises(errors.NotTheOpposite) as refused:
        ledger.correct(
            entry_id=tip.entry_id, key="h", movements=ten_less(), by=staff, reason="typo", now=NOW
        )

    assert (refused.value.facts["account"], refused.value.facts["taken_back_minor"]) == (
        "4000", -1600,
    )  # fmt: skip
    assert books.balance_of(postings.PLATFORM_REVENUE, "USD") == usd("1.00")


@pytest.mark.parametrize(
    "movements",
    [
        # more of what the entry moved, instead of less
        (credit(CREATOR, usd("1.00")), debit(postings.processor_clearing("ccbill"), usd("1.00"))),
        # another creator
        (debit(postings.creator_payable(8), usd("1.00")),
         credit(postings.processor_clearing("ccbill"), usd("1.00"))),
        # more than the entry moved
        (debit(CREATOR, usd("80.01")),
         credit(postings.processor_clearing("ccbill"), usd("80.01"))),
    ],
)  # fmt: skip
def test_what_is_no_part_of_the_entry_is_refused(
    tip: Posted, staff: User, movements: tuple[Movement, ...]
) -> None:
    tipped(2, 7)  # enough money, so that only the entry speaks against it
    tipped(3, 8)

    with pytest.raises(errors.NotTheOpposite):
        ledger.correct(
            entry_id=tip.entry_id, key="a", movements=movements, by=staff, reason="?", now=NOW
        )

    assert Entry.objects.count() == 3
    assert books.balance_of(CREATOR, "USD") == usd("130.00")
    assert not AuditRecord.objects.exists()


def test_the_same_key_with_another_content_is_refused(tip: Posted, staff: User) -> None:
    ledger.correct(
        entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="typo", now=NOW
    )

    with pytest.raises(errors.SourceReused):
        ledger.correct(
            entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="?", now=NOW
        )

    assert Entry.objects.count() == 2


def test_a_reversed_entry_or_none_or_a_correction_is_refused(tip: Posted, staff: User) -> None:
    first = ledger.correct(
        entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason="typo", now=NOW
    )
    tipped(2, 7)
    with pytest.raises(errors.NotTheOpposite):  # corrected: the rest of it is no whole entry
        ledger.reverse(entry_id=tip.entry_id, by=staff, reason="all of it", now=NOW)
    with pytest.raises(errors.NotReversible):
        ledger.correct(
            entry_id=first.entry_id, key="b", movements=ten_less(), by=staff, reason="?", now=NOW
        )
    with pytest.raises(errors.EntryNotFound):
        ledger.correct(
            entry_id=first.entry_id + 99, key="b", movements=(), by=staff, reason="?", now=NOW
        )
    ledger.reverse(entry_id=first.entry_id, by=staff, reason="no typo", now=NOW)
    ledger.reverse(entry_id=tip.entry_id, by=staff, reason="all of it", now=NOW)
    with pytest.raises(errors.AlreadyReversed):
        ledger.correct(
            entry_id=tip.entry_id, key="c", movements=ten_less(), by=staff, reason="?", now=NOW
        )
    assert books.balance_of(CREATOR, "USD") == usd("50.00")
    assert Entry.objects.count() == 5


def test_a_reason_is_needed(tip: Posted, staff: User) -> None:
    with pytest.raises(errors.ReasonNeeded):
        ledger.correct(
            entry_id=tip.entry_id, key="a", movements=ten_less(), by=staff, reason=" ", now=NOW
        )
    assert Entry.objects.count() == 1
