"""A file becomes lines: once, whole or not at all, whatever dies meanwhile."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import pytest

from apps.audit.models import AuditRecord
from apps.finance.reconciliation import errors
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.models import Statement, StatementChunk, StatementLine
from apps.finance.reconciliation.selectors.file import open_file
from apps.finance.reconciliation.services import load, receive
from tests.finance.reconciliation.given import a_file, a_received, a_row, a_source

pytestmark = pytest.mark.django_db


def loaded(statement: Statement, now: datetime) -> Statement:
    assert reconciliation.load_statement(statement_id=statement.pk, now=now)
    statement.refresh_from_db()
    return statement


def test_the_same_file_again_is_the_same_statement(now: datetime) -> None:
    source = a_source()
    first = a_received(source, a_row("S1"), now=now)
    again = reconciliation.receive_statement(
        source_id=source.pk,
        file=a_file(a_row("S1")),
        file_name="another name.csv",
        period_start=date(2026, 1, 1),
        period_end=date(2026, 1, 31),
        opening_minor=None,
        closing_minor=None,
        by=None,
        now=now,
    )

    assert (again.statement.pk, again.replayed) == (first.pk, True)
    assert Statement.objects.count() == 1
    assert AuditRecord.objects.filter(action="reconciliation.statement_received").count() == 1


def test_the_same_file_for_another_period_is_refused(now: datetime) -> None:
    source = a_source()
    a_received(source, a_row("S1"), now=now)

    with pytest.raises(errors.FileSeenBefore):
        a_received(source, a_row("S1"), now=now, start=date(2026, 2, 1), end=date(2026, 2, 28))
    assert Statement.objects.count() == 1


def test_a_refused_file_may_come_again(now: datetime) -> None:
    source = a_source()
    refused = loaded(a_received(source, "x,1.00,,S1,", now=now), now)
    assert refused.state == "REFUSED"

    again = a_received(source, "x,1.00,,S1,", now=now)

    assert again.pk != refused.pk


def test_periods_of_a_source_do_not_overlap(now: datetime) -> None:
    source = a_source()
    a_received(source, a_row("S1"), now=now)

    with pytest.raises(errors.PeriodOverlaps):
        a_received(source, a_row("S2"), now=now, start=date(2026, 1, 31), end=date(2026, 2, 1))


def test_an_empty_or_enormous_file_is_refused(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = a_source()
    with pytest.raises(errors.FileEmpty):
        a_received(source, now=now, file=io.BytesIO())
    monkeypatch.setattr(receive, "LARGEST_FILE", 10)
    with pytest.raises(errors.FileTooLarge):
        a_received(source, a_row("S1"), now=now)
    assert not Statement.objects.exists()


def test_the_file_is_kept_as_it_came(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive, "CHUNK", 7)
    statement = a_received(a_source(), a_row("S1"), now=now)

    assert StatementChunk.objects.count() > 5
    with open_file(statement.pk) as file:
        assert file.read() == a_file(a_row("S1")).getvalue()


def test_balances_that_the_lines_do_not_make_are_refused(now: datetime) -> None:
    statement = loaded(
        a_received(
            a_source(), a_row("S1", "25.00"), now=now, opening_minor=1000, closing_minor=3499
        ),
        now,
    )

    assert statement.state == "REFUSED"
    assert statement.problems == [
        {
            "row": 0,
            "reason": "Opening $10.00 and the lines' sum $25.00 do not make the closing $34.99.",
        }
    ]
    assert not StatementLine.objects.exists()


def test_a_statement_opens_as_the_one_before_closed_if_nobody_says(now: datetime) -> None:
    source = a_source()
    loaded(a_received(source, a_row("S1", "25.00"), now=now, opening_minor=1000), now)
    february = loaded(
        a_received(
            source,
            a_row("S2", "5.00", on=date(2026, 2, 1)),
            now=now,
            start=date(2026, 2, 1),
            end=date(2026, 2, 28),
        ),
        now,
    )

    assert (february.opening_minor, february.closing_minor) == (3500, 4000)


def test_a_bad_row_after_thousands_of_good_ones_leaves_none(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 3)
    rows = [a_row(f"S{n}") for n in range(10)]
    statement = loaded(a_received(a_source(), *rows, "2026-01-01,ten,,X,", now=now), now)

    assert (statement.state, statement.loaded_rows, statement.problem_count) == ("REFUSED", 0, 1)
    assert statement.problems == [{"row": 12, "reason": "'ten' is not an amount of USD."}]
    assert not StatementLine.objects.exists()


def test_an_import_that_died_is_continued_where_it_was(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "BATCH", 3)
    statement = a_received(a_source(), *(a_row(f"S{n}") for n in range(10)), now=now)
    written: list[int] = []
    real = load._write

    def die_in_the_third(*args: object) -> None:
        if len(written) == 2:
            raise SystemExit
        written.append(1)
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(load, "_write", die_in_the_third)
    with pytest.raises(SystemExit):
        reconciliation.load_statement(statement_id=statement.pk, now=now)
    monkeypatch.setattr(load, "_write", real)
    statement.refresh_from_db()
    assert (statement.state, statement.loaded_rows) == ("LOADING", 6)

    assert reconciliation.load_waiting(now=now) == 0  # the lease of the dead still runs
    assert reconciliation.load_waiting(now=now + timedelta(minutes=5)) == 1

    statement.refresh_from_db()
    assert (statement.state, statement.line_count) == ("LOADED", 10)
    assert StatementLine.objects.values("n").distinct().count() == 10


def test_a_statement_is_loaded_once(now: datetime) -> None:
    statement = loaded(a_received(a_source(), a_row("S1"), now=now), now)

    assert not reconciliation.load_statement(statement_id=statement.pk, now=now)
    assert StatementLine.objects.count() == 1


def test_matching_waits_until_all_is_loaded(now: datetime) -> None:
    statement = a_received(a_source(), a_row("S1"), now=now)

    with pytest.raises(errors.NotReady):
        reconciliation.match_statement(statement_id=statement.pk, now=now)
    assert reconciliation.match_waiting(now=now) == 0


def test_the_ticks_load_and_match_what_waits(now: datetime) -> None:
    statement = a_received(a_source(), a_row("S1"), now=now)

    assert reconciliation.load_waiting(now=now) == 1
    assert reconciliation.match_waiting(now=now) == 1

    statement.refresh_from_db()
    assert (statement.state, statement.open_count) == ("OPEN", 1)
