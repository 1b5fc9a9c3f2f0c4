"""Read a stored file into lines: all of it or nothing, in batches, however often interrupted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from apps.core.db import outside_transaction
from apps.finance.reconciliation.adapters import (
    FORMATS,
    Balances,
    Parsed,
    ParsedLine,
    Problem,
)
from apps.finance.reconciliation.choices import LIVE, Compares, State
from apps.finance.reconciliation.models import Statement, StatementLine
from apps.finance.reconciliation.selectors.file import open_file

BATCH = 5_000
#: A worker that has not loaded a batch for so long is dead; another continues.
LEASE = timedelta(minutes=2)
#: No amount of a line is larger, in the smallest unit: sums of many still fit the columns.
LARGEST_LINE = 10**16
LARGEST_SUM = 2**63 - 1
#: So many bad rows are shown; a file with more has the wrong mapping.
MOST_PROBLEMS = 100
_COPY = (
    "COPY reconciliation_statementline (statement_id, n, booked_on, value_on, amount_minor,"
    " fee_minor, compared_minor, reference, counterparty, text, by_hand_only) FROM STDIN"
)


class _ClaimLost(Exception):
    """Another worker has gone on with it, or it was decided meanwhile."""


class _Reading:
    """What one pass over a file finds out beside the lines."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.problems: list[Problem] = []
        self.problem_count = 0
        self.lines = 0
        self.sum_minor = 0
        self.said = Balances()

    def lines_of(self, parsed: Iterable[Parsed]) -> Iterator[ParsedLine]:
        """Yield the good lines and keep the rest; after a problem lines are only checked."""
        for one in parsed:
            if isinstance(one, Problem):
                self.note(one)
            elif isinstance(one, Balances):
                said = {name: value for name, value in one._asdict().items() if value is not None}
                self.said = self.said._replace(**said)
            elif self._is_in_period(one) and self._is_of_size(one):
                self.lines += 1
                self.sum_minor += one.amount_minor
                if not self.problem_count:
                    yield one

    def note(self, problem: Problem) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def _is_in_period(self, line: ParsedLine) -> bool:
        start, end = self.statement.period_start, self.statement.period_end
        if start <= line.booked_on <= end:
            return True
        self.note(Problem(line.n, f"{line.booked_on} is not between {start} and {end}."))
        return False

    def _is_of_size(self, line: ParsedLine) -> bool:
        if max(abs(line.amount_minor), abs(line.fee_minor)) <= LARGEST_LINE:
            return True
        self.note(Problem(line.n, "Its amount is larger than any account holds."))
        return False


def load_waiting(*, now: datetime, limit: int = 5) -> int:
    """Load what waits, and what a dead worker left; return how many were brought to an end."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=now)
    waiting = (
        Statement.objects.filter(free, state__in=[State.RECEIVED, State.LOADING])
        .order_by("id")
        .values_list("pk", flat=True)[:limit]
    )
    return sum(load_statement(statement_id=pk, now=now) for pk in list(waiting))


@outside_transaction
def load_statement(*, statement_id: int, now: datetime) -> bool:
    """Load one statement; True when it is LOADED or REFUSED now, by this call.

    Batches are committed one by one, and their lines count only when the last is in. After a
    crash the next call goes on behind the last batch. A file with a bad row leaves no line.
    """
    statement = _claim(statement_id, now)
    if statement is None:
        return False
    began = time.monotonic()
    reading = _Reading(statement)
    format_ = FORMATS[statement.source.format]
    with open_file(statement.pk) as file:
        lines = reading.lines_of(
            format_.parse(
                file, currency=statement.source.currency, mapping=statement.source.mapping
            )
        )
        done = sum(1 for _ in itertools.islice(lines, statement.loaded_rows))
        try:
            while batch := list(itertools.islice(lines, BATCH)):
                until = now + timedelta(seconds=time.monotonic() - began) + LEASE
                _write(statement, done, batch, until)
                done += len(batch)
            return _finish(reading, done, now)
        except _ClaimLost:
            return False


@transaction.atomic
def _claim(statement_id: int, now: datetime) -> Statement | None:
    statement = (
        Statement.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source")
        .filter(pk=statement_id, state__in=[State.RECEIVED, State.LOADING])
        .first()
    )
    if statement is None or (statement.claimed_until and statement.claimed_until >= now):
        return None
    statement.state, statement.claimed_until = State.LOADING, now + LEASE
    statement.save(update_fields=["state", "claimed_until"])
    return statement


@transaction.atomic
def _write(
    statement: Statement, done: int, batch: Sequence[ParsedLine], claimed_until: datetime
) -> None:
    """
    :raises _ClaimLost: somebody else has loaded these lines
    """
    moved = Statement.objects.filter(
        pk=statement.pk, state=State.LOADING, loaded_rows=done
    ).update(loaded_rows=F("loaded_rows") + len(batch), claimed_until=claimed_until)
    if not moved:
        raise _ClaimLost
    gross = statement.source.compares == Compares.GROSS
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for line in batch:
            copy.write_row(
                (
                    statement.pk,
                    line.n,
                    line.booked_on,
                    line.value_on,
                    line.amount_minor,
                    line.fee_minor,
                    line.amount_minor + (line.fee_minor if gross else 0),
                    line.reference,
                    line.counterparty,
                    line.text,
                    False,
                )
            )


@transaction.atomic
def _finish(reading: _Reading, done: int, now: datetime) -> bool:
    """Say how it ended.

    :raises _ClaimLost: somebody else has
    """
    statement = (
        Statement.objects.select_for_update(of=("self",))
        .select_related("source")
        .get(pk=reading.statement.pk)
    )
    if statement.state != State.LOADING or statement.loaded_rows != done:
        raise _ClaimLost
    _settle_balances(statement, reading)
    statement.claimed_until = None
    if reading.problem_count:
        StatementLine.objects.filter(statement_id=statement.pk).delete()
        statement.state, statement.loaded_rows = State.REFUSED, 0
        statement.problems = [problem._asdict() for problem in reading.problems]
        statement.problem_count = reading.problem_count
    else:
        statement.state, statement.loaded_at = State.LOADED, now
        statement.line_count = done
    statement.save()
    return True


def _settle_balances(statement: Statement, reading: _Reading) -> None:
    """Fill in what the file says or nobody does, and note what does not add up."""
    for name in ("opening_minor", "closing_minor", "period_start", "period_end"):
        said, given = getattr(reading.said, name), getattr(statement, name)
        if said is not None and given is None:
            setattr(statement, name, said)
        elif said is not None and said != given:
            what = _shown(statement, said), _shown(statement, given)
            title = name.removesuffix("_minor").replace("_", " ")
            reading.note(Problem(0, f"The file says {title} {what[0]}, the form {what[1]}."))
    if statement.opening_minor is None:
        statement.opening_minor = _closing_before(statement)
    expected = statement.opening_minor + reading.sum_minor
    if abs(expected) > LARGEST_SUM:
        reading.note(Problem(0, "The lines add up to more than any account holds."))
        return
    if statement.closing_minor is None:
        statement.closing_minor = expected
    if statement.closing_minor != expected and not reading.problem_count:
        opening, lines, closing = (
            statement.money(minor).formatted
            for minor in (statement.opening_minor, reading.sum_minor, statement.closing_minor)
        )
        reason = f"Opening {opening} and the lines' sum {lines} do not make the closing {closing}."
        reading.note(Problem(0, reason))


def _shown(statement: Statement, value: int | date) -> str:
    return str(value) if isinstance(value, date) else statement.money(value).formatted


def _closing_before(statement: Statement) -> int:
    """Return how the statement before closed; nothing if this is the first."""
    before = (
        Statement.objects.filter(
            source_id=statement.source_id,
            state__in=LIVE,
            period_end__lt=statement.period_start,
        )
        .order_by("-period_end", "-id")
        .values_list("closing_minor", flat=True)
        .first()
    )
    return before or 0
