"""What periods cost, to the smallest unit, and which price holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.core.money import CurrencyMismatch, Money
from apps.finance.subscriptions.choices import Consent, Discount
from apps.finance.subscriptions.rules.offers import needs_consent
from apps.finance.subscriptions.rules.pricing import (
    Change,
    Cut,
    Holds,
    amount_of_period,
    left_after,
    left_at_first,
    monthly_minor,
    price_that_holds,
    reduced,
    rise_bps,
    saved,
    total_of,
)

DAY = datetime(2026, 3, 1, tzinfo=UTC)
amounts = st.integers(1, 500_000).map(lambda minor: Money(minor, "USD"))
shares = st.integers(1, 10_000)
cuts = st.one_of(
    st.builds(
        Cut,
        discount=st.just(Discount.PERCENT),
        percent_bps=shares,
        amount_minor=st.just(0),
        currency=st.just(""),
        periods=st.integers(0, 24),
    ),
    st.builds(
        Cut,
        discount=st.just(Discount.AMOUNT),
        percent_bps=st.just(0),
        amount_minor=st.integers(1, 600_000),
        currency=st.just("USD"),
        periods=st.integers(0, 24),
    ),
)


def percent(bps: int, periods: int = 1) -> Cut:
    return Cut(Discount.PERCENT, bps, 0, "", periods)


def off(minor: int, currency: str = "USD", periods: int = 1) -> Cut:
    return Cut(Discount.AMOUNT, 0, minor, currency, periods)


@pytest.mark.parametrize(
    ("price", "cut", "costs"),
    [
        (999, percent(2_000), 799),  # 199.8 off is 2.00 off
        (999, percent(5_000), 499),  # 4.995 off is 5.00 off: a half goes up
        (1_001, percent(5_000), 500),
        (1, percent(5_000), 0),
        (1_000, percent(10_000), 0),
        (1_000, percent(1), 1_000),  # a tenth of a cent off is none
        (1_000, off(250), 750),
        (1_000, off(1_000), 0),
        (1_000, off(2_000), 0),
    ],
)
def test_a_promotion_takes_off_exactly(price: int, cut: Cut, costs: int) -> None:
    assert reduced(Money(price, "USD"), cut) == Money(costs, "USD")


def test_an_amount_off_is_of_the_prices_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        reduced(Money(1_000, "USD"), off(100, "EUR"))


def test_a_promotion_of_two_periods_ends_with_the_second() -> None:
    cut = percent(5_000, periods=2)
    left, paid = left_at_first(cut), []
    for _ in range(4):
        paid.append(amount_of_period(amount=Money(1_000, "USD"), cut=cut, left=left).minor)
        left = left_after(left)
    assert paid == [500, 500, 1_000, 1_000]


@for_all(amounts, cuts)
def test_a_reduced_price_is_never_below_zero_and_never_above_the_price(
    price: Money, cut: Cut
) -> None:
    assert Money(0, "USD") <= reduced(price, cut) <= price


@for_all(amounts, shares)
def test_a_percentage_is_the_half_up_rounding_of_the_exact_one(price: Money, bps: int) -> None:
    exact = (Decimal(price.minor) * bps / 10_000).quantize(Decimal(1), ROUND_HALF_UP)
    assert reduced(price, percent(bps)).minor == price.minor - int(exact)


@for_all(amounts, cuts, st.integers(1, 40))
def test_a_total_is_the_sum_of_what_its_periods_cost(price: Money, cut: Cut, periods: int) -> None:
    left, paid = left_at_first(cut), 0
    for _ in range(periods):
        paid += amount_of_period(amount=price, cut=cut, left=left).minor
        left = left_after(left)
    assert total_of(amount=price, cut=cut, periods=periods) == Money(paid, "USD")


@for_all(amounts, amounts, st.integers(2, 24))
def test_what_a_bundle_saves_is_exact_and_never_promised_too_high(
    monthly: Money, amount: Money, months: int
) -> None:
    told = saved(monthly=monthly, amount=amount, months=months)
    single = monthly.minor * months
    if single <= amount.minor:
        assert told is None
    else:
        assert told is not None
        less, hundredths = told
        assert less.minor + amount.minor == single
        assert hundredths * single <= less.minor * 100 < (hundredths + 1) * single


def test_a_quarter_at_24_saves_20_of_a_hundred_and_a_month_saves_nothing() -> None:
    ten = Money(1_000, "USD")
    assert saved(monthly=ten, amount=Money(2_400, "USD"), months=3) == (Money(600, "USD"), 20)
    assert saved(monthly=ten, amount=ten, months=1) is None
    assert saved(monthly=None, amount=ten, months=3) is None
    assert saved(monthly=ten, amount=ten, months=0) is None
    assert monthly_minor(amount_minor=1_000, months=3) == 333
    assert monthly_minor(amount_minor=1_000, months=0) == 0


@pytest.mark.parametrize(
    ("old", "new", "bps", "must_agree"),
    [(1_000, 900, 0, False), (1_000, 1_500, 5_000, False), (1_000, 1_501, 5_010, True),
     (3, 4, 3_334, False)],
)  # fmt: skip
def test_a_rise_of_more_than_half_must_be_agreed_to(
    old: int, new: int, bps: int, must_agree: bool
) -> None:
    prices = {"old": Money(old, "USD"), "new": Money(new, "USD")}
    assert rise_bps(**prices) == bps
    assert needs_consent(**prices, above_bps=5_000) is must_agree


def _change(**changes: object) -> Change:
    facts: dict[str, object] = {
        "old_minor": 1_000,
        "new_minor": 1_200,
        "effective_at": DAY,
        "told_at": DAY - timedelta(days=30),
        "withdrawn_at": None,
        "consent": Consent.NOT_NEEDED,
    }
    return Change(**{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "begins", "holds"),
    [
        (None, DAY, Holds.OLD),
        (_change(), DAY, Holds.NEW),
        (_change(), DAY - timedelta(microseconds=1), Holds.OLD),
        (_change(withdrawn_at=DAY), DAY, Holds.OLD),
        (_change(consent=Consent.GIVEN), DAY, Holds.NEW),
        (_change(consent=Consent.WAITING), DAY, Holds.NEITHER),
        (_change(consent=Consent.REFUSED), DAY, Holds.NEITHER),
        (_change(consent=Consent.WAITING), DAY - timedelta(days=1), Holds.OLD),
        # Told too late, or not all told yet: the old price holds once more.
        (_change(told_at=None), DAY, Holds.OLD),
        (_change(told_at=DAY - timedelta(days=6)), DAY, Holds.OLD),
        (_change(told_at=DAY - timedelta(days=7)), DAY, Holds.NEW),
        # A lower price needs no notice.
        (_change(new_minor=900, told_at=None), DAY, Holds.NEW),
    ],
)
def test_which_price_the_next_period_has(
    change: Change | None, begins: datetime, holds: Holds
) -> None:
    assert price_that_holds(change, begins=begins) == holds
