"""What the machine puts together, and what it leaves to people."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from apps.accounts.models import Profile
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.models import BookItem, Match, StatementLine
from tests.finance.reconciliation.given import (
    a_matched,
    a_row,
    a_sale,
    a_source,
    types_of,
)

pytestmark = pytest.mark.django_db


def test_a_line_and_a_sale_of_the_same_reference_and_amount_are_one(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), now=now)

    assert (statement.state, statement.line_count, statement.matched_count) == ("COMPLETE", 1, 1)
    match = Match.objects.get()
    assert (match.rule, match.difference_minor) == ("REFERENCE", 0)
    assert match.items.get().reference == "S1"
    assert statement.closing_minor == 2500


def test_another_amount_is_different_by_what_the_statement_has_more(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), a_row("S1", "20.00"), now=now)

    assert types_of(statement) == [("DIFFERENT", -500)]
    assert (statement.state, statement.open_count, statement.open_minor) == ("OPEN", 1, 500)


def test_a_difference_within_the_tolerance_is_matched_and_kept(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(tolerance_minor=2), a_row("S1", "24.98"), now=now)

    assert statement.state == "COMPLETE"
    assert list(Match.objects.values_list("rule", "difference_minor")) == [("TOLERANCE", -2)]


def test_fees_kept_by_the_processor_are_not_a_difference_where_gross_is_compared(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(compares="GROSS"), a_row("S1", "22.50", fee="2.50"), now=now)

    assert statement.state == "COMPLETE"
    assert statement.closing_minor == 2250


def test_several_lines_of_a_reference_match_what_they_add_up_to(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), a_row("S1", "15.00"), a_row("S1", "10.00"), now=now)

    assert statement.state == "COMPLETE"
    assert Match.objects.get().rule == "GROUP"
    assert StatementLine.objects.filter(match=None).count() == 0


def test_without_reference_amount_and_day_decide_if_nothing_else_fits(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00", on=date(2026, 1, 10))
    a_sale(fan, creator, "S2", "25.00", on=date(2026, 1, 20))
    a_sale(fan, creator, "S3", "30.00", on=date(2026, 1, 10))
    a_sale(fan, creator, "S4", "30.00", on=date(2026, 1, 11))
    statement = a_matched(
        a_source(),
        a_row("", "25.00", on=date(2026, 1, 12)),
        a_row("", "30.00", on=date(2026, 1, 10)),
        now=now,
    )

    assert statement.matched_count == 1
    match = Match.objects.get()
    assert (match.rule, match.items.get().reference) == ("AMOUNT_AND_DATE", "S1")
    assert ("EXTRA", 3000) in types_of(statement)


def test_two_lines_that_could_be_one_sale_are_left_to_a_person(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "25.00")
    statement = a_matched(a_source(), a_row(""), a_row(""), now=now)

    assert statement.matched_count == 0
    assert types_of(statement) == [("EXTRA", 2500), ("EXTRA", 2500), ("MISSING", -2500)]


def test_a_line_that_stands_there_again_is_a_duplicate(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1")
    statement = a_matched(a_source(), a_row("S1"), a_row("S1"), now=now)

    assert statement.matched_count == 1
    assert types_of(statement) == [("DUPLICATE", 2500)]


def test_a_line_of_last_months_statement_is_a_duplicate_too(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    source = a_source()
    a_sale(fan, creator, "S1")
    a_matched(source, a_row("S1"), now=now)
    february = a_matched(
        source,
        a_row("S1", on=date(2026, 2, 3)),
        now=now,
        start=date(2026, 2, 1),
        end=date(2026, 2, 28),
    )

    assert types_of(february) == [("DUPLICATE", 2500)]


def test_a_sale_is_missing_once_the_settlement_delay_has_passed(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "OLD", "25.00", on=date(2026, 1, 24))
    a_sale(fan, creator, "NEW", "30.00", on=date(2026, 1, 25))
    source = a_source(settlement_days=7)
    january = a_matched(source, now=now)

    assert types_of(january) == [("MISSING", -2500)]

    february = a_matched(
        source,
        a_row("OLD", "25.00", on=date(2026, 2, 1)),
        now=now,
        start=date(2026, 2, 1),
        end=date(2026, 2, 28),
    )
    january.refresh_from_db()
    assert (january.state, january.open_count) == ("COMPLETE", 0)
    assert types_of(february) == [("LATE", 0), ("MISSING", -3000)]


def test_what_was_sold_before_the_first_statement_is_never_missing(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S0", on=date(2025, 12, 30))
    statement = a_matched(a_source(), now=now)

    assert statement.state == "COMPLETE"
    assert BookItem.objects.get().reference == "S0"


def test_running_again_changes_nothing(fan: Profile, creator: Profile, now: datetime) -> None:
    a_sale(fan, creator, "S1")
    a_sale(fan, creator, "S2", "30.00")
    statement = a_matched(a_source(), a_row("S1"), a_row("S1"), a_row("S2", "31.00"), now=now)
    before = _everything()

    for _ in range(2):
        reconciliation.match_statement(statement_id=statement.pk, now=now)

    assert _everything() == before


def test_what_is_booked_later_is_found_by_the_next_run(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    statement = a_matched(a_source(), a_row("S1"), now=now)
    assert types_of(statement) == [("EXTRA", 2500)]

    a_sale(fan, creator, "S1")
    assert reconciliation.match_open_again(now=now) == 1

    statement.refresh_from_db()
    assert (statement.state, types_of(statement)) == ("COMPLETE", [])
    assert statement.exceptions.get().state == "RESOLVED"


def _everything() -> list[object]:
    return [
        list(model.objects.order_by("pk").values()) for model in (StatementLine, BookItem, Match)
    ]
