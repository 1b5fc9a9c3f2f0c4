"""Changes of plan to the cent: nothing is lost, nothing is paid twice, over any chain of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.subscriptions.rules.proration import (
    ChangeKind,
    Paid,
    charge_of,
    is_at_once,
    kind_of,
    unused,
    worth_of,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=31)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (timedelta(), 31_00),
        (timedelta(days=1), 30_00),
        (timedelta(days=15, hours=12), 15_50),
        (timedelta(days=31), 0),
        (timedelta(days=40), 0),
        (timedelta(days=-1), 31_00),
        (timedelta(days=30, hours=23, minutes=59, seconds=59), 0),
    ],
)
def test_the_unused_part_is_by_the_second(after: timedelta, left: int) -> None:
    part = unused(worth=usd(31_00), begins=BEGIN, until=BEGIN + MONTH, at=BEGIN + after)
    assert part == usd(left)


def test_half_a_cent_goes_up() -> None:
    half = BEGIN + timedelta(seconds=1)
    assert unused(worth=usd(1), begins=BEGIN, until=BEGIN + timedelta(seconds=2), at=half) == usd(
        1
    )


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ((1, 1, 10), (2, 1, 20), ChangeKind.UPGRADE),
        ((2, 12, 100), (1, 1, 5), ChangeKind.DOWNGRADE),
        ((1, 1, 10), (1, 12, 100), ChangeKind.SWITCH),
        ((1, 1, 10), (1, 1, 12), ChangeKind.UPGRADE),
        ((1, 1, 10), (1, 1, 8), ChangeKind.DOWNGRADE),
    ],
)
def test_tier_decides_first_then_interval_then_price(
    old: tuple[int, int, int], new: tuple[int, int, int], kind: ChangeKind
) -> None:
    found = kind_of(
        tier=old[0],
        months=old[1],
        price=usd(old[2]),
        new_tier=new[0],
        new_months=new[1],
        new_price=usd(new[2]),
    )
    assert found == kind


@pytest.mark.parametrize(
    ("kind", "intervals", "figures", "now"),
    [
        (ChangeKind.UPGRADE, (1, 1), (5, 20), True),
        (ChangeKind.UPGRADE, (12, 1), (90, 20), False),
        (ChangeKind.UPGRADE, (1, 1), (20, 20), True),
        (ChangeKind.DOWNGRADE, (1, 1), (5, 20), False),
        (ChangeKind.SWITCH, (1, 12), (5, 100), True),
        (ChangeKind.SWITCH, (12, 1), (5, 10), False),
        (ChangeKind.SWITCH, (12, 0), (5, 200), True),
        (ChangeKind.SWITCH, (0, 12), (0, 200), False),
    ],
)
def test_what_holds_now_and_what_waits(
    kind: ChangeKind, intervals: tuple[int, int], figures: tuple[int, int], now: bool
) -> None:
    found = is_at_once(
        kind,
        months=intervals[0],
        new_months=intervals[1],
        credit=usd(figures[0]),
        new=usd(figures[1]),
    )
    assert found is now


_SECONDS = st.integers(1, 400 * 86_400)


@given(worth=st.integers(0, 10**9), whole=_SECONDS, share=st.floats(0, 1))
def test_used_and_unused_make_the_whole_and_none_is_below_zero(
    worth: int, whole: int, share: float
) -> None:
    at = BEGIN + timedelta(seconds=int(whole * share))
    left = unused(worth=usd(worth), begins=BEGIN, until=BEGIN + timedelta(seconds=whole), at=at)
    assert 0 <= left.minor <= worth
    exact = worth * (BEGIN + timedelta(seconds=whole) - at).total_seconds() / whole
    assert abs(left.minor - exact) <= 0.5 + exact * 1e-9


@given(
    first=st.integers(1, 500_000),
    changes=st.lists(st.tuples(st.integers(0, 500_000), _SECONDS, st.floats(0, 1)), max_size=8),
)
def test_all_charges_of_a_chain_are_the_value_used_and_the_last_price(
    first: int, changes: list[tuple[int, int, float]]
) -> None:
    worth, charged, used = usd(first), usd(first), usd(0)
    for more, whole, share in changes:
        at = BEGIN + timedelta(seconds=int(whole * share))
        credit = unused(worth=worth, begins=BEGIN, until=BEGIN + timedelta(seconds=whole), at=at)
        new = credit + usd(more)
        charge = charge_of(new=new, credit=credit)
        assert charge.minor >= 0
        assert charge + credit == new
        used += worth - credit
        charged += charge
        worth = new
    assert charged == used + worth


_MINOR = st.integers(0, 10**7)


@given(chain=st.lists(st.tuples(_MINOR, _MINOR), min_size=1, max_size=6))
def test_while_nothing_went_back_a_period_is_worth_what_it_cost_and_brought(
    chain: list[tuple[int, int]],
) -> None:
    paid = [Paid(asked, asked, credit if number else 0) for number, (asked, credit)
            in enumerate(chain)]  # fmt: skip
    assert worth_of(paid) == paid[-1].asked + paid[-1].credit


@given(asked=_MINOR, kept=_MINOR, credit=_MINOR, charge=_MINOR)
def test_a_credit_shrinks_with_the_money_it_comes_from(
    asked: int, kept: int, credit: int, charge: int
) -> None:
    kept, credit = min(kept, asked), min(credit, asked)
    worth = worth_of([Paid(asked, kept, 0), Paid(charge, charge, credit)])
    assert charge <= worth <= charge + credit
    if not kept and asked:
        assert worth == charge
    if kept == asked:
        assert worth == charge + credit
