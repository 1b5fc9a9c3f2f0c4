"""Any order of lines gives the same matches, every line is explained, and the sums prove it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Profile
from apps.finance.reconciliation import selectors
from apps.finance.reconciliation.models import Statement, StatementLine
from tests.finance.reconciliation.given import a_matched, a_row, a_sale, a_source

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 15, 12, tzinfo=UTC)

#: Few, so that lines and sales often look alike.
amounts = st.sampled_from(["1.00", "2.00"])
january = st.integers(1, 31).map(lambda day: date(2026, 1, day))
#: Booked from shortly before the statement to shortly after it.
around = st.integers(0, 36).map(lambda day: date.fromordinal(date(2025, 12, 28).toordinal() + day))
sales = st.lists(st.tuples(amounts, around), max_size=5)
lines = st.lists(st.tuples(st.sampled_from(["", "R0", "R1", "R9"]), amounts, january), max_size=8)
#: None turns the file round, which shows most mistakes of order.
seeds = st.none() | st.none() | st.integers(0, 99)
tolerances = st.sampled_from([0, 100])


def outcome_of(line: StatementLine) -> tuple[Any, ...]:
    """What became of a line, by what it and its partners say."""
    content = (line.reference, line.compared_minor, line.booked_on)
    if line.match:
        items = line.match.items.values_list("reference", "amount_minor", "effective_on")
        return (*content, line.match.rule, tuple(sorted(items)))
    [found] = line.exceptions.filter(state="OPEN")
    return (*content, found.type, found.item and (found.item.reference, found.difference_minor))


def outcomes(statement: Statement) -> Counter[tuple[Any, ...]]:
    return Counter(outcome_of(line) for line in statement.lines.select_related("match"))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(sold=sales, said=lines, tolerance=tolerances, seed=seeds)
def test_any_order_gives_the_same_and_the_sums_prove_it(
    *,
    fan: Profile,
    creator: Profile,
    sold: list[tuple[str, date]],
    said: list[tuple[str, str, date]],
    tolerance: int,
    seed: int | None,
) -> None:
    other = said[::-1] if seed is None else random.Random(seed).sample(said, len(said))  # noqa: S311
    clean = transaction.savepoint()
    for n, (amount, on) in enumerate(sold):
        a_sale(fan, creator, f"R{n}", amount, on=on)
    source = a_source(tolerance_minor=tolerance)
    found = []
    for order in (said, other):
        unmatched = transaction.savepoint()
        rows = [a_row(ref, amount, on=on) for ref, amount, on in order]
        statement = a_matched(source, *rows, now=NOW, opening_minor=777)
        found.append(outcomes(statement))
        explained(statement)
        transaction.savepoint_rollback(unmatched)
    transaction.savepoint_rollback(clean)

    assert found[0] == found[1]


def explained(statement: Statement) -> None:
    """The figures add up, and so does the proof."""
    matched = statement.lines.filter(match__isnull=False).count()
    alone = statement.exceptions.filter(state="OPEN", line__isnull=False).count()
    assert (statement.matched_count, matched + alone) == (matched, statement.line_count)
    proof = selectors.proof_of(statement)
    assert proof.holds, proof
    assert proof.statement.minor == statement.closing_minor
