"""Figures of subscriptions: what moved MRR, and by how much, to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from apps.finance.subscriptions.choices import Discount, PeriodKind, State, What
from apps.finance.subscriptions.models import (
    Cohort,
    DailyFact,
)
from apps.finance.subscriptions.services.facts import make_facts
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


def on(month: int, day: int = 5) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def moves() -> list[tuple[str, str, str, int, int, int]]:
    """Return day, plan, movement, count, subscribers and minor units of every daily fact."""
    return [
        (f"{row.day}", row.plan.name, row.movement, row.count, row.subscribers, row.minor)
        for row in DailyFact.objects.select_related("plan").order_by("day", "minor", "plan")
    ]


def cohort_rows() -> list[tuple[object, ...]]:
    rows = Cohort.objects.order_by("month", "age", "plan")
    return list(rows.values_list("month", "age", "plan", "began", "stayed"))


@pytest.fixture
def gold():
    return PlanFactory.create(name="gold", tier=1)


@pytest.fixture
def monthly(gold):
    return PriceFactory.create(plan=gold, amount="10.00")


@pytest.fixture
def someone():
    return a_fan_with_money(START)


class TestMovements:
    def test_who_begins_to_pay_is_new_and_who_ends_is_churn(self, someone, monthly):
        History(someone, monthly, at=START).begins(START).renews(on(2)).ends(on(3))

        make_facts(now=on(3))

        assert moves() == [
            ("2026-01-05", "gold", "NEW", 1, 1, 1000),
            ("2026-03-05", "gold", "CHURN", 1, -1, -1000),
        ]

    def test_a_year_is_a_twelfth_a_month_rounded_half_up(self, someone, gold):
        yearly = PriceFactory.create(plan=gold, amount="99.90", months=12)
        History(someone, yearly, at=START).begins(START)

        make_facts(now=START)

        assert moves() == [("2026-01-05", "gold", "NEW", 1, 1, 833)]  # 8.325

    def test_for_life_and_free_recur_nothing(self, someone, gold):
        for_life = PriceFactory.create(plan=gold, amount="300.00", months=0)
        History(someone, for_life, at=START).begins(START)

        make_facts(now=START)

        assert moves() == []

    def test_a_trial_counts_from_its_first_payment_on(self, someone, monthly):
        History(someone, monthly, at=START).tries(START, on(1, 12)).renews(on(1, 12))

        make_facts(now=on(2))

        assert moves() == [("2026-01-12", "gold", "NEW", 1, 1, 1000)]

    def test_a_trial_whose_first_charge_fails_was_never_paid(self, someone, monthly):
        it = History(someone, monthly, at=START).tries(START, on(1, 12)).declines(on(1, 12))
        it.ends(on(1, 29))

        make_facts(now=on(2))

        assert moves() == []

    def test_a_failed_charge_moves_nothing_until_it_ends(self, someone, monthly):
        it = History(someone, monthly, at=START).begins(START).declines(on(2))
        make_facts(now=on(2))
        assert [move[2] for move in moves()] == ["NEW"]

        it.recovers(on(2, 8))
        make_facts(now=on(2, 8))
        assert [move[2] for move in moves()] == ["NEW"]

        it.declines(on(3)).ends(on(3, 19))
        make_facts(now=on(4))
        assert moves()[1:] == [("2026-03-19", "gold", "CHURN", 1, -1, -1000)]

    def test_a_pause_is_churn_and_going_on_a_reactivation(self, someone, monthly):
        History(someone, monthly, at=START).begins(START).pauses(on(2)).resumes(on(3))

        make_facts(now=on(4))

        assert [(day, movement, minor) for day, _, movement, *_, minor in moves()] == [
            ("2026-01-05", "NEW", 1000),
            ("2026-02-05", "CHURN", -1000),
            ("2026-03-05", "REACTIVATION", 1000),
        ]

    def test_who_comes_back_to_the_creator_is_a_reactivation(self, someone, monthly):
        History(someone, monthly, at=START).begins(START).ends(on(2))
        History(someone, monthly, at=on(4)).begins(on(4))

        make_facts(now=on(5))

        assert [(move[2], move[5]) for move in moves()] == [
            ("NEW", 1000),
            ("CHURN", -1000),
            ("REACTIVATION", 1000),
        ]

    def test_another_creator_s_fan_is_new_there(self, someone, monthly):
        other = PriceFactory.create(plan__name="other")
        History(someone, monthly, at=START).begins(START)
        History(someone, other, at=START).begins(START)

        make_facts(now=START)

        assert [move[2] for move in moves()] == ["NEW", "NEW"]

    def test_an_upgrade_leaves_one_plan_and_comes_to_the_other(self, someone, monthly):
        dear = PriceFactory.create(
            plan=PlanFactory.create(creator=monthly.plan.creator, name="platinum", tier=2),
            amount="25.00",
        )
        it = History(someone, monthly, at=START).begins(START)
        # Charged is the difference only; what recurs is the price.
        it.changes_to(dear, on(1, 20), what=What.UPGRADED, minor=1985)

        make_facts(now=on(2))

        assert moves()[1:] == [
            ("2026-01-20", "gold", "EXPANSION", 0, -1, -1000),
            ("2026-01-20", "platinum", "EXPANSION", 1, 1, 2500),
        ]

    def test_a_downgrade_is_a_contraction(self, someone, monthly):
        cheap = PriceFactory.create(
            plan=PlanFactory.create(creator=monthly.plan.creator, name="silver"), amount="4.00"
        )
        it = History(someone, monthly, at=START).begins(START)
        it.changes_to(cheap, on(2), what=What.DOWNGRADED)

        make_facts(now=on(2))

        assert moves()[1:] == [
            ("2026-02-05", "gold", "CONTRACTION", 0, -1, -1000),
            ("2026-02-05", "silver", "CONTRACTION", 1, 1, 400),
        ]

    def test_a_promotion_that_is_over_is_an_expansion(self, someone, monthly):
        it = History(someone, monthly, at=START).begins(START, minor=500)
        it.renews(on(2), minor=500).renews(on(3)).renews(on(4))

        make_facts(now=on(4))

        assert [(move[0], move[2], move[5]) for move in moves()] == [
            ("2026-01-05", "NEW", 500),
            ("2026-03-05", "EXPANSION", 500),
        ]

    def test_a_first_period_in_proportion_is_worth_its_whole_price(self, someone, monthly):
        first_of_next = datetime(2026, 2, 1, tzinfo=UTC)
        it = History(someone, monthly, at=START).begins(START, until=first_of_next, minor=855)
        it.renews(first_of_next)

        make_facts(now=on(3))

        assert moves() == [("2026-01-05", "gold", "NEW", 1, 1, 1000)]

    def test_that_first_period_knows_the_promotion(self, someone, monthly):
        half = PromotionFactory.create(
            creator=monthly.plan.creator, discount=Discount.PERCENT, percent_bps=5000, periods=0
        )
        it = History(someone, monthly, at=START)
        it.it.promotion = half
        it.begins(START, until=datetime(2026, 2, 1, tzinfo=UTC), minor=427)

        make_facts(now=on(3))

        assert moves() == [("2026-01-05", "gold", "NEW", 1, 1, 500)]

    def test_a_short_month_is_a_whole_one(self, someone, monthly):
        at, next_ = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 2, 28, 12, tzinfo=UTC)
        it = History(someone, monthly, at=at).begins(at, until=next_, minor=700)
        it.renews(next_, until=datetime(2026, 3, 31, 12, tzinfo=UTC), minor=700)

        make_facts(now=on(4))

        assert moves() == [("2026-01-31", "gold", "NEW", 1, 1, 700)]

    def test_a_gift_recurs_nothing(self, someone, monthly):
        it = History(someone, monthly, at=START)
        it.period(START, kind=PeriodKind.GIFT, minor=0)
        it.it.started_at = START
        it.move(State.ACTIVE, What.ACTIVATED, START)

        make_facts(now=START)

        assert moves() == []

    def test_days_are_those_of_utc(self, someone, monthly):
        late = datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC)
        History(someone, monthly, at=late).begins(late).ends(late + timedelta(seconds=1))

        make_facts(now=on(2))

        assert [move[0] for move in moves()] == ["2026-01-05", "2026-01-06"]
