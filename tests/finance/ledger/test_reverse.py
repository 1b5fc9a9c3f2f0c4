"""Corrections: an entry is taken back by its opposite, once, and nothing else ever changes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import transaction

from apps.accounts.models import User
from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import EntryKind, PeriodState
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import Draft, credit, debit
from apps.finance.ledger.services import Posted
from tests.factories.accounts import StaffFactory
from tests.finance.ledger.stories import month_in

pytestmark = pytest.mark.django_db

NOTHING, TIP = Money(0, "USD"), Money(50_00, "USD")


@pytest.fixture
def staff() -> User:
    user: User = StaffFactory.create()
    return user


@pytest.fixture
def deposit(now: datetime) -> Posted:
    with transaction.atomic():
        return ledger.post(
            postings.wallet_deposit(
                transaction_id=1,
                fan_id=3,
                gateway="ccbill",
                amount=TIP,
                processing_fee=NOTHING,
                cluster="boyfanz",
            ),
            now=now,
        )


def test_takes_every_line_back_and_names_what_it_reverses(now, deposit, staff) -> None:
    posted = ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    reversal = Entry.objects.get(pk=posted.entry_id)
    assert (reversal.kind, reversal.reverses_id) == (EntryKind.REVERSAL, deposit.entry_id)
    assert (reversal.memo, reversal.actor_id, reversal.cluster) == (
        "wrong fan",
        staff.pk,
        "boyfanz",
    )
    assert [line.amount_minor for line in reversal.lines.order_by("n")] == [-50_00, 50_00]
    assert books.balance_of(postings.wallet(3), "USD") == NOTHING
    assert books.balance_of(postings.processor_clearing("ccbill"), "USD") == NOTHING
    assert ledger.check_books(now=now).ok


def test_asked_again_returns_the_first_reversal(now, deposit, staff) -> None:
    first = ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    again = ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    assert again == first._replace(replayed=True)
    assert Entry.objects.count() == 2


def test_is_refused_to_somebody_else_afterwards(now, deposit, staff) -> None:
    ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    other = StaffFactory.create()

    with pytest.raises(errors.AlreadyReversed):
        ledger.reverse(entry_id=deposit.entry_id, by=other, reason="mine", now=now)

    assert books.balance_of(postings.wallet(3), "USD") == NOTHING


def test_is_refused_by_another_way_too(now, deposit, staff) -> None:
    ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)
    again = Draft(
        EntryKind.REVERSAL,
        "by:hand",
        (debit(postings.wallet(3), TIP), credit(postings.processor_clearing("ccbill"), TIP)),
        reverses=deposit.entry_id,
    )

    with pytest.raises(errors.AlreadyReversed), transaction.atomic():
        ledger.post(again, now=now)

    assert Entry.objects.count() == 2


def test_is_refused_when_the_money_is_spent(now, deposit, staff) -> None:
    with transaction.atomic():
        ledger.post(
            postings.tip_from_wallet(
                transaction_id=2,
                fan_id=3,
                creator_id=7,
                amount=Money(1, "USD"),
                platform_fee=NOTHING,
                cluster="boyfanz",
            ),
            now=now,
        )

    with pytest.raises(errors.InsufficientFunds):
        ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    assert books.balance_of(postings.wallet(3), "USD") == Money(49_99, "USD")


def test_of_the_closing_of_a_year_is_refused(now, deposit, staff) -> None:
    """It would be a loss in the year's report, which leaves closings out."""
    closing = postings.year_closed(
        year=2025, currency="USD", cluster="boyfanz", effective_on=date(2025, 12, 31),
        results=[debit(postings.PROCESSING_COSTS, TIP)],
    )  # fmt: skip
    with transaction.atomic():
        closed = ledger.post(closing, now=now)
    opposite = tuple(m._replace(amount=-m.amount) for m in closing.movements)
    by_hand = (
        Draft(EntryKind.REVERSAL, "by:hand", opposite, reverses=closed.entry_id),
        Draft(EntryKind.CORRECTION, "by:hand", opposite, corrects=closed.entry_id),
    )

    with pytest.raises(errors.NotReversible):
        ledger.reverse(entry_id=closed.entry_id, by=staff, reason="no", now=now)
    with pytest.raises(errors.NotReversible):
        ledger.correct(
            entry_id=closed.entry_id, key="1", movements=opposite, by=staff, reason="no", now=now
        )
    for draft in by_hand:
        with pytest.raises(errors.NotTheOpposite), transaction.atomic():
            ledger.post(draft, now=now)

    assert Entry.objects.count() == 2


def test_of_a_reversal_or_of_nothing_is_refused(now, deposit, staff) -> None:
    reversal = ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=now)

    with pytest.raises(errors.NotReversible):
        ledger.reverse(entry_id=reversal.entry_id, by=staff, reason="again", now=now)
    with pytest.raises(errors.EntryNotFound):
        ledger.reverse(entry_id=reversal.entry_id + 1, by=staff, reason="again", now=now)

    assert Entry.objects.count() == 2


def test_counts_today_or_on_the_original_date(now, deposit, staff) -> None:
    later = now + timedelta(days=40)

    posted = ledger.reverse(
        entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=later, on_original_date=True
    )

    reversal = Entry.objects.get(pk=posted.entry_id)
    assert (reversal.effective_on, reversal.posted_at) == (now.date(), later)
    with pytest.raises(errors.AlreadyReversed):
        ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="wrong fan", now=later)


def test_on_a_date_in_a_closed_month_is_refused(now, deposit, staff) -> None:
    month_in(PeriodState.CLOSED, month=now.date().replace(day=1), now=now)
    later = now + timedelta(days=40)

    with pytest.raises(errors.PeriodClosed):
        ledger.reverse(
            entry_id=deposit.entry_id, by=staff, reason="x", now=later, on_original_date=True
        )
    assert Entry.objects.count() == 1

    ledger.reverse(entry_id=deposit.entry_id, by=staff, reason="x", now=later)
    assert books.balance_of(postings.wallet(3), "USD") == NOTHING


def test_needs_a_reason(now, deposit, staff) -> None:
    with pytest.raises(errors.ReasonNeeded):
        ledger.reverse(entry_id=deposit.entry_id, by=staff, reason=" ", now=now)

    assert Entry.objects.count() == 1
