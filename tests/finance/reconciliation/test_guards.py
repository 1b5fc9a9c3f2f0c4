"""What the database refuses, whoever writes."""

# ruff: noqa: S608 (keys of our own rows, in a test)

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.accounts.models import Profile
from apps.finance.reconciliation.models import (
    BookItem,
    Match,
    ReconciliationException,
    Statement,
    StatementLine,
    StatementSource,
)
from tests.finance.reconciliation.given import a_matched, a_received, a_row, a_sale, a_source

pytestmark = pytest.mark.django_db


@pytest.fixture
def matched(fan: Profile, creator: Profile, now: datetime) -> Statement:
    """Two sales that match, and a line that has no partner."""
    a_sale(fan, creator, "S1", "25.00")
    a_sale(fan, creator, "S2", "30.00")
    rows = (a_row("S1", "25.00"), a_row("S2", "30.00"), a_row("S3", "5.00"))
    return a_matched(a_source(), *rows, now=now)


def refused(sql: str) -> str:
    """Run SQL as anybody could and return the SQLSTATE that refuses it."""
    with (
        pytest.raises(DatabaseError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    return str(caught.value.__cause__.sqlstate)  # type: ignore[union-attr]


def everything() -> list[object]:
    models = (StatementLine, BookItem, Match, ReconciliationException)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("UPDATE reconciliation_statementline SET amount_minor = amount_minor + 1", "FR002"),
        ("UPDATE reconciliation_statementline SET reference = 'x'", "FR002"),
        ("UPDATE reconciliation_bookitem SET amount_minor = 1", "FR002"),
        ("DELETE FROM reconciliation_statementline", "FR001"),
        ("DELETE FROM reconciliation_bookitem", "FR002"),
        ("DELETE FROM reconciliation_match", "FR002"),
        ("TRUNCATE reconciliation_statementline", "FR002"),
        ("UPDATE reconciliation_match SET reason = 'x'", "FR002"),
        ("UPDATE reconciliation_match SET difference_minor = 1", "FR002"),
    ],
)
def test_what_came_and_what_was_matched_stays(matched: Statement, sql: str, state: str) -> None:
    before = everything()

    assert refused(sql) == state
    assert everything() == before


def test_a_matched_line_is_not_matched_again(matched: Statement) -> None:
    first, second = Match.objects.order_by("pk")

    assert (
        refused(
            f"UPDATE reconciliation_statementline SET match_id = {second.pk}"
            f" WHERE match_id = {first.pk}"
        )
        == "FR003"
    )
    assert (
        refused(
            f"UPDATE reconciliation_bookitem SET match_id = {second.pk}"
            f" WHERE match_id = {first.pk}"
        )
        == "FR003"
    )


def test_a_match_takes_no_line_that_makes_its_sides_differ(matched: Statement) -> None:
    match = Match.objects.order_by("pk")[0]

    assert (
        refused(
            f"UPDATE reconciliation_statementline SET match_id = {match.pk} WHERE match_id IS NULL"
        )
        == "FR004"
    )


def test_a_match_loses_no_part_unless_it_is_undone(matched: Statement) -> None:
    assert refused("UPDATE reconciliation_statementline SET match_id = NULL") == "FR004"
    assert refused("UPDATE reconciliation_bookitem SET match_id = NULL") == "FR004"


def test_no_line_points_to_a_match_that_does_not_exist(matched: Statement) -> None:
    assert (
        refused("UPDATE reconciliation_statementline SET match_id = 999999 WHERE match_id IS NULL")
        == "FR004"
    )


def test_lines_of_two_accounts_are_never_one(matched: Statement, now: datetime) -> None:
    other = StatementSource.objects.create(
        name="Other", code="1100", owner="processor:x", currency="USD", format="csv",
        created_at=now,
    )  # fmt: skip
    alien = Match.objects.create(
        source=other, statement=matched, rule="BY_HAND", matched_at=now, difference_minor=500
    )

    assert (
        refused(
            f"UPDATE reconciliation_statementline SET match_id = {alien.pk} WHERE match_id IS NULL"
        )
        == "FR004"
    )


def test_no_line_is_added_to_a_statement_that_is_loaded(matched: Statement) -> None:
    assert (
        refused(
            "INSERT INTO reconciliation_statementline (statement_id, n, booked_on, value_on,"
            " amount_minor, fee_minor, compared_minor, reference, counterparty, text,"
            " by_hand_only)"
            f" VALUES ({matched.pk}, 99, '2026-01-01', '2026-01-01', 1, 0, 1, '', '', '', false)"
        )
        == "FR001"
    )


def test_a_line_is_in_one_exception_at_a_time(matched: Statement, now: datetime) -> None:
    found = ReconciliationException.objects.get()

    with pytest.raises(IntegrityError), transaction.atomic():
        ReconciliationException.objects.create(
            statement=matched, type="EXTRA", line=found.line, difference_minor=500, found_at=now
        )


def test_statements_of_an_account_cover_no_day_twice(matched: Statement, now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.create(
            source=matched.source, period_start=date(2026, 1, 31), period_end=date(2026, 2, 2),
            file_name="x", file_sha256="0" * 64, file_bytes=1, received_at=now,
        )  # fmt: skip


def test_a_statement_with_something_open_is_not_complete(matched: Statement) -> None:
    assert matched.state == "OPEN"
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.filter(pk=matched.pk).update(state="COMPLETE")


def test_a_statement_still_loading_takes_lines(now: datetime) -> None:
    statement = a_received(a_source(), a_row("S1"), now=now)
    Statement.objects.filter(pk=statement.pk).update(state="LOADING")

    StatementLine.objects.create(
        statement=statement, n=2, booked_on=now.date(), value_on=now.date(), amount_minor=1,
        compared_minor=1,
    )  # fmt: skip
    assert StatementLine.objects.count() == 1
