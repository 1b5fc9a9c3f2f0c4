"""Figures add up day by day, come out the same in whatever steps, and are what the books say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.db.utils import IntegrityError, InternalError

from apps.core.money import Money
from apps.finance.subscriptions.choices import State, What
from apps.finance.subscriptions.models import (
    Cohort,
    DailyFact,
    DailyTake,
    FactsMark,
    MrrMove,
    Period,
    Subscription,
    SubscriptionEvent,
)
from apps.finance.subscriptions.services.facts import forget_facts, make_facts
from tests.factories.accounts import CreatorFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
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


def a_varied_past(count: int = 12) -> None:
    """Fans of two creators who do what fans do, over half a year."""
    plans = []
    for n in range(2):
        creator = CreatorFactory.create()
        plans.append(
            [
                PriceFactory.create(plan=PlanFactory.create(creator=creator), amount="10.00"),
                PriceFactory.create(
                    plan=PlanFactory.create(creator=creator, tier=2), amount="19.99"
                ),
                PriceFactory.create(
                    plan=PlanFactory.create(creator=creator, tier=3), amount="59.00", months=3
                ),
            ]
        )
        del n
    for n in range(count):
        fan, prices, day = a_fan_with_money(START), plans[n % 2], 1 + n
        it = History(fan, prices[n % 3], at=on(1, day))
        match n % 6:
            case 0:
                it.begins(on(1, day)).renews(on(2, day)).ends(on(3, day))
                History(fan, prices[1], at=on(4, day)).begins(on(4, day))
            case 1:
                it.begins(on(1, day)).changes_to(prices[2], on(2, day), what=What.UPGRADED)
            case 2:
                it.begins(on(1, day), minor=999).changes_to(
                    prices[0], on(4, day), what=What.DOWNGRADED
                )
            case 3:
                it.tries(on(1, day), on(1, day + 7)).renews(on(1, day + 7)).declines(
                    on(2, day + 7)
                )
            case 4:
                it.begins(on(1, day)).declines(on(2, day)).ends(on(2, day + 14))
            case _:
                it.begins(on(1, day)).pauses(on(3, day)).resumes(on(4, day))


def standing_at(day: date) -> dict[int, int]:
    """Return what each plan recurs at the end of a day, worked out one subscription at a time:
    by its state then, and the last period it had paid by then."""
    end = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=1)
    found: dict[int, int] = {}
    for it in Subscription.objects.all():
        lines = list(SubscriptionEvent.objects.filter(subscription=it, at__lt=end).order_by("id"))
        while lines and lines[-1].to_state == State.PAST_DUE:
            lines.pop()
        paid = (
            Period.objects.filter(subscription=it, kind="PAID", state="PAID", paid_at__lt=end)
            .order_by("number")
            .last()
        )
        if not lines or lines[-1].to_state != State.ACTIVE or paid is None:
            continue
        price = lines[-1].price
        assert price is not None
        monthly = (2 * paid.amount_minor + price.months) // (2 * price.months)
        if any(line.what == What.UPGRADED for line in lines):
            monthly = (2 * price.amount_minor + price.months) // (2 * price.months)
        found[price.plan_id] = found.get(price.plan_id, 0) + monthly
    return found


class TestAddingUp:
    def test_mrr_of_each_day_is_that_of_the_day_before_and_its_movements(self):
        a_varied_past()
        make_facts(now=on(6))

        for n in range(0, 150, 3):
            day = date(2026, 1, 1) + timedelta(days=n)
            moved = (
                DailyFact.objects.filter(day__lte=day).values_list("plan").annotate(Sum("minor"))
            )
            assert {plan: minor for plan, minor in moved if minor} == standing_at(day), day

    @pytest.mark.parametrize("limit", [2, 1000])
    def test_whatever_the_steps_they_are_made_in(self, limit):
        a_varied_past(6)
        make_facts(now=on(6))
        whole, cohorts = (
            moves(),
            list(
                Cohort.objects.order_by("month", "age", "plan").values_list(
                    "month", "age", "plan", "began", "stayed"
                )
            ),
        )
        assert whole
        assert cohorts

        with transaction.atomic():
            forget_facts()
        assert not DailyFact.objects.exists()
        make_facts(now=on(6), limit=limit, passes=1000)

        assert moves() == whole
        assert cohorts == list(
            Cohort.objects.order_by("month", "age", "plan").values_list(
                "month", "age", "plan", "began", "stayed"
            )
        )

    def test_made_again_nothing_changes_and_nothing_is_written(self):
        a_varied_past(6)
        make_facts(now=on(6))
        before = list(MrrMove.objects.order_by("id").values_list())

        made = make_facts(now=on(6))

        assert made.days == 0
        assert list(MrrMove.objects.order_by("id").values_list()) == before

    def test_a_line_that_was_late_is_looked_at_again(self, someone, monthly):
        it = History(someone, monthly, at=START).begins(START)
        make_facts(now=START + timedelta(minutes=1))
        assert FactsMark.objects.get().made_to < SubscriptionEvent.objects.latest("id").pk

        make_facts(now=START + timedelta(hours=1))

        assert FactsMark.objects.get().made_to == SubscriptionEvent.objects.latest("id").pk
        assert it.it.pk

    def test_what_is_left_over_is_said(self, someone, monthly):
        History(someone, monthly, at=START).begins(START).renews(on(2)).renews(on(3))

        assert make_facts(now=on(3), limit=1, passes=2).behind
        assert not make_facts(now=on(3), limit=1, passes=50).behind


class TestCohorts:
    def test_who_stayed_of_who_began_month_by_month(self, monthly):
        for n in range(4):
            it = History(a_fan_with_money(START), monthly, at=on(1, 5 + n)).begins(on(1, 5 + n))
            if n == 0:
                it.ends(on(2, 5))
            if n == 1:
                it.pauses(on(2, 6)).resumes(on(4, 6))
        History(a_fan_with_money(START), monthly, at=on(2, 5)).begins(on(2, 5))

        make_facts(now=on(4, 20))

        rows = Cohort.objects.order_by("month", "age").values_list(
            "month", "age", "began", "stayed"
        )
        assert [(f"{month:%m}", *rest) for month, *rest in rows] == [
            ("01", 0, 4, 4),
            ("01", 1, 4, 2),
            ("01", 2, 4, 2),
            ("01", 3, 4, 3),
            ("02", 0, 1, 1),
            ("02", 1, 1, 1),
            ("02", 2, 1, 1),
        ]

    def test_a_new_month_adds_an_age_where_nothing_moved(self, someone, monthly):
        History(someone, monthly, at=START).begins(START)
        make_facts(now=on(1, 20))
        assert Cohort.objects.count() == 1

        make_facts(now=on(4, 1))

        assert list(Cohort.objects.order_by("age").values_list("age", "stayed")) == [
            (0, 1), (1, 1), (2, 1), (3, 1),
        ]  # fmt: skip


class TestTakes:
    def test_are_what_the_ledger_booked_for_the_creator(self):
        a_varied_past()
        make_facts(now=on(6))

        taken = DailyTake.objects.values_list("creator", "day").annotate(
            Sum("gross_minor"), Sum("net_minor"), Sum("payments")
        )
        assert len(taken) > 10
        for creator, day, gross, net, payments in taken:
            booked = booked_on(creator, day)
            assert (net, payments) == (booked["net"], booked["count"])
            assert gross == booked["gross"]

    def test_fees_and_net_are_the_gross(self, someone, monthly):
        History(someone, monthly, at=START).begins(START)

        make_facts(now=START)

        row = DailyTake.objects.get()
        assert row.gross_minor == 1000
        assert row.gross_minor == (
            row.tax_minor + row.platform_fee_minor + row.processing_fee_minor + row.net_minor
        )
        assert (row.plan, row.creator, row.payments) == (monthly.plan, monthly.plan.creator, 1)

    def test_go_to_the_plan_it_was_then(self, someone, monthly):
        dear = PriceFactory.create(
            plan=PlanFactory.create(creator=monthly.plan.creator, name="platinum"), amount="25.00"
        )
        it = History(someone, monthly, at=START).begins(START)
        it.changes_to(dear, on(2), what=What.UPGRADED)

        make_facts(now=on(2))

        rows = DailyTake.objects.order_by("day").values_list("plan__name", "gross_minor")
        assert list(rows) == [("gold", 1000), ("platinum", 2500)]


def booked_on(creator: int, day: date) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(DISTINCT e.id),
                   coalesce(-sum(l.amount_minor) FILTER (WHERE a.code = '2100'), 0),
                   coalesce(sum(l.amount_minor) FILTER (WHERE a.code = '2000'), 0)
              FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id
              JOIN ledger_account a ON a.id = l.account_id
             WHERE e.kind ~ '^(SUBSCRIPTION|RENEWAL|TRIAL)_' AND e.effective_on = %s
               AND EXISTS (SELECT FROM ledger_line m JOIN ledger_account b ON b.id = m.account_id
                            WHERE m.entry_id = e.id AND b.owner = %s)
            """,
            [day, f"profile:{creator}"],
        )
        count, net, gross = cursor.fetchone()
    return {"count": count, "net": int(net), "gross": int(gross)}


def assert_refused(statement: str) -> None:
    with (
        pytest.raises((IntegrityError, InternalError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


class TestHistoryIsKept:
    def test_a_line_can_not_be_changed_or_deleted(self, someone, monthly):
        History(someone, monthly, at=START).begins(START)

        for statement in ("UPDATE {} SET reason = 'x'", "DELETE FROM {}"):
            assert_refused(statement.format("subscriptions_subscriptionevent"))

        assert SubscriptionEvent.objects.count() == 2

    @pytest.mark.parametrize(
        "change", ["amount_minor = 1", "paid_at = now()", "state = 'OPEN'", "number = 9"]
    )
    def test_what_a_paid_period_cost_can_not_be_changed(self, someone, monthly, change):
        History(someone, monthly, at=START).begins(START)

        assert_refused(f"UPDATE subscriptions_period SET {change}")  # noqa: S608

        assert Period.objects.get().amount == Money.of("10.00", "USD")

    def test_a_price_can_not_be_edited(self, monthly):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            type(monthly).objects.update(amount_minor=1)

        monthly.refresh_from_db()
        assert monthly.amount == Money.of("10.00", "USD")
