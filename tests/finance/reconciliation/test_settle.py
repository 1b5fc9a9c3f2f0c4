"""What people decide, checked through the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from apps.accounts.models import Profile, User
from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.reconciliation import errors, selectors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.choices import Counter
from apps.finance.reconciliation.models import (
    BookItem,
    Match,
    ReconciliationException,
    Statement,
    StatementLine,
)
from tests.finance.reconciliation.given import a_file, a_matched, a_row, a_sale, a_source, types_of

pytestmark = pytest.mark.django_db
Staff = Callable[..., User]
CLEARING = postings.processor_clearing("ccbill")


def clearing() -> int:
    return ledger.balance_of(CLEARING, "USD").minor


def only() -> ReconciliationException:
    return ReconciliationException.objects.get(state="OPEN")


def post(
    found: ReconciliationException,
    by: User,
    now: datetime,
    *,
    counter: Counter = Counter.SUSPENSE,
    on: date | None = None,
) -> ReconciliationException:
    return reconciliation.post_difference(
        exception_id=found.pk,
        counter=counter,
        effective_on=on,
        by=by,
        reason="As their statement shows.",
        now=now,
    )


def test_a_line_that_is_not_in_the_books_goes_to_suspense_on_its_day(
    staff: Staff, now: datetime
) -> None:
    statement = a_matched(a_source(), a_row("S1", "12.34"), now=now)
    found = post(only(), staff("finance"), now)

    assert clearing() == 1234
    assert ledger.balance_of(postings.AccountRef("2900"), "USD") == Money(1234, "USD")
    entry = Entry.objects.get(source=found.entry_source)
    assert (entry.kind, entry.effective_on) == ("RECONCILED", date(2026, 1, 10))
    statement.refresh_from_db()
    assert (statement.state, statement.matched_count) == ("COMPLETE", 1)
    assert Match.objects.get().rule == "POSTED"
    proof = selectors.proof_of(statement)
    assert (proof.books, proof.statement, proof.unexplained) == (
        Money(1234, "USD"),
        Money(1234, "USD"),
        Money(0, "USD"),
    )


def test_a_missing_sale_is_written_off_and_both_items_are_one_match(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), now=now)
    post(only(), staff("finance"), now, counter=Counter.WRITE_OFFS)

    assert clearing() == 0
    assert ledger.balance_of(postings.AccountRef("5500"), "USD") == Money(2500, "USD")
    statement.refresh_from_db()
    assert statement.state == "COMPLETE"
    assert sorted(Match.objects.get().items.values_list("amount_minor", flat=True)) == [
        -2500,
        2500,
    ]
    assert selectors.proof_of(statement).holds


def test_a_difference_joins_line_item_and_the_new_entry(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    a_matched(a_source(), a_row("S1", "26.00"), now=now)
    post(only(), staff("finance"), now, counter=Counter.OTHER_INCOME)

    assert clearing() == 2600
    match = Match.objects.get()
    assert (match.lines.count(), match.items.count()) == (1, 2)


def test_posting_twice_posts_once(staff: Staff, now: datetime) -> None:
    a_matched(a_source(), a_row("S1"), now=now)
    found, finance = only(), staff("finance")
    post(found, finance, now)

    with pytest.raises(errors.ExceptionDecided):
        post(found, finance, now)
    assert clearing() == 2500


def test_what_is_late_has_nothing_to_post(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", on=date(2026, 1, 2))
    statement = a_matched(a_source(), a_row("S1", on=date(2026, 1, 20)), now=now)
    assert types_of(statement) == [("LATE", 0)]
    finance = staff("finance")

    with pytest.raises(errors.NotForThisType):
        post(only(), finance, now)
    reconciliation.accept_exception(
        exception_id=only().pk, by=finance, reason="Bank holidays.", now=now
    )

    statement.refresh_from_db()
    assert statement.state == "COMPLETE"
    reconciliation.match_statement(statement_id=statement.pk, now=now)
    assert types_of(statement) == []
    assert clearing() == 2500


def test_what_is_accepted_stays_explained_after_the_next_run(staff: Staff, now: datetime) -> None:
    statement = a_matched(a_source(), a_row("TEST", "1.00"), now=now)
    reconciliation.accept_exception(
        exception_id=only().pk, by=staff("finance"), reason="Their test.", now=now
    )
    statement = reconciliation.match_statement(statement_id=statement.pk, now=now)

    assert (statement.state, statement.open_count) == ("COMPLETE", 0)
    assert clearing() == 0
    proof = selectors.proof_of(statement)
    assert [(step.title, step.amount.minor) for step in proof.steps] == [
        ("Not in the books, accepted", 100)
    ]
    assert proof.holds


def test_without_a_reason_nothing_is_decided(staff: Staff, now: datetime) -> None:
    a_matched(a_source(), a_row("S1"), now=now)
    finance = staff("finance")

    with pytest.raises(errors.ReasonMissing):
        reconciliation.accept_exception(exception_id=only().pk, by=finance, reason=" ", now=now)
    with pytest.raises(errors.ReasonMissing):
        reconciliation.match_by_hand(
            statement_id=only().statement_id, line_ids=[1], item_ids=[2], by=finance, reason="",
            now=now,
        )  # fmt: skip
    assert only().state == "OPEN"
    assert not AuditRecord.objects.filter(actor_id=finance.pk).exists()


def test_above_the_limit_two_people_must_want_the_same(staff: Staff, now: datetime) -> None:
    a_matched(a_source(), a_row("S1", "1000.00"), now=now)
    ada, bea, cyd = staff("finance"), staff("finance"), staff("finance")

    assert post(only(), ada, now).state == "OPEN"
    with pytest.raises(errors.SecondPersonNeeded):
        post(only(), ada, now)
    assert post(only(), bea, now, counter=Counter.OTHER_INCOME).state == "OPEN"
    assert clearing() == 0
    assert post(only(), cyd, now, counter=Counter.OTHER_INCOME).state == "RESOLVED"
    assert clearing() == 100_000
    assert AuditRecord.objects.filter(action="reconciliation.exception_proposed").count() == 2


def test_an_undone_match_is_not_made_again_by_the_machine(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), now=now)
    finance = staff("finance")
    match = reconciliation.undo_match(
        match_id=Match.objects.get().pk, by=finance, reason="Not the same.", now=now
    )
    statement = reconciliation.match_statement(statement_id=statement.pk, now=now)

    assert match.undone_parts == {
        "lines": [StatementLine.objects.get().pk],
        "items": [BookItem.objects.get().pk],
    }
    assert types_of(statement) == [("EXTRA", 2500), ("MISSING", -2500)]
    assert selectors.proof_of(statement).holds
    with pytest.raises(errors.MatchUndone):
        reconciliation.undo_match(match_id=match.pk, by=finance, reason="Again.", now=now)
    reconciliation.match_by_hand(
        statement_id=statement.pk,
        line_ids=match.undone_parts["lines"],
        item_ids=match.undone_parts["items"],
        by=finance,
        reason="It was.",
        now=now,
    )
    statement.refresh_from_db()
    assert statement.state == "COMPLETE"
    assert ReconciliationException.objects.filter(state="RESOLVED").count() == 2


def test_by_hand_the_sides_must_agree(
    fan: Profile, creator: Profile, staff: Staff, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), a_row("X", "24.00"), a_row("Y", "1.00"), now=now)
    x, y = StatementLine.objects.order_by("n")
    item, finance = BookItem.objects.get(), staff("finance")

    def by_hand(lines: list[int], items: list[int]) -> Match:
        return reconciliation.match_by_hand(
            statement_id=statement.pk, line_ids=lines, item_ids=items, by=finance, reason="Same.",
            now=now,
        )  # fmt: skip

    with pytest.raises(errors.SumsDiffer):
        by_hand([x.pk], [item.pk])
    with pytest.raises(errors.NothingChosen):
        by_hand([x.pk], [])
    with pytest.raises(errors.LineTaken):
        by_hand([x.pk, 10**12], [item.pk])
    assert not Match.objects.exists()
    by_hand([x.pk, y.pk], [item.pk])
    with pytest.raises(errors.LineTaken):
        by_hand([x.pk, y.pk], [item.pk])
    statement.refresh_from_db()
    assert statement.state == "COMPLETE"


def test_a_sale_and_its_void_on_the_statement_cancel_out(staff: Staff, now: datetime) -> None:
    statement = a_matched(a_source(), a_row("X", "24.00"), a_row("Y", "-24.00"), now=now)
    reconciliation.match_by_hand(
        statement_id=statement.pk,
        line_ids=list(StatementLine.objects.values_list("pk", flat=True)),
        item_ids=[],
        by=staff("finance"),
        reason="Void.",
        now=now,
    )

    statement.refresh_from_db()
    assert statement.state == "COMPLETE"


def test_a_month_is_proven_when_complete_statements_cover_all_its_days(
    staff: Staff, now: datetime
) -> None:
    source = a_source()
    month = {"start": date(2026, 1, 1), "end": date(2026, 1, 31)}
    assert [why for _, why in selectors.unproven_in(**month)] == ["no statement was imported"]

    statement: Statement = a_matched(source, a_row("S1"), now=now, end=date(2026, 1, 30))
    assert selectors.unproven_in(**month) == [
        selectors.Unproven("CCBill USD", "1 open exceptions"),
        selectors.Unproven("CCBill USD", "no statement for 1 days"),
    ]
    reconciliation.accept_exception(
        exception_id=only().pk, by=staff("finance"), reason="Test.", now=now
    )
    day = date(2026, 1, 31)
    a_matched(
        source,
        now=now,
        start=day,
        end=day,
        file=a_file(headings="Date,Amount,Fee,Reference,Text,More"),
    )

    assert selectors.unproven_in(**month) == []
    assert statement.source_id == source.pk
