"""Figures of a range: what they add up to, whose they are, and how many questions they cost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.core.money import Money
from apps.finance.subscriptions import errors, exports
from apps.finance.subscriptions.choices import Movement, What
from apps.finance.subscriptions.models import Plan
from apps.finance.subscriptions.rules.metrics import (
    CohortRow,
    Moved,
    Sheet,
    Taken,
    Trials,
    half_up,
    months_between,
    percent,
)
from apps.finance.subscriptions.selectors.analytics import Wanted, analytics_of
from apps.finance.subscriptions.services.facts import make_facts
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
JANUARY = (date(2026, 1, 1), date(2026, 1, 31))
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28))


def on(month: int, day: int = 5) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture
def price():
    return PriceFactory.create(plan=PlanFactory.create(name="gold"), amount="10.00")


def a_year_so_far(price, *, fans: int = 4) -> None:
    """Of four who began in January one ends in February and one upgrades to $25."""
    dear = PriceFactory.create(
        plan=PlanFactory.create(creator=price.plan.creator, name="platinum", tier=2),
        amount="25.00",
    )
    for n in range(fans):
        it = History(a_fan_with_money(START), price, at=on(1, 5 + n)).begins(on(1, 5 + n))
        if n == 0:
            it.ends(on(2, 5))
        elif n == 1:
            it.changes_to(dear, on(2, 10), what=What.UPGRADED, minor=1500)
        else:
            it.renews(on(2, 5 + n))
    make_facts(now=on(3))


class TestRange:
    def test_says_what_stood_before_what_moved_and_what_stands_after(self, price):
        a_year_so_far(price)

        [sheet] = analytics_of(Wanted(*FEBRUARY)).sheets

        assert (sheet.mrr_start, sheet.subscribers_start) == (Money.of("40.00", "USD"), 4)
        assert sheet.of(Movement.CHURN) == Moved(1, -1, -1000)
        assert sheet.of(Movement.EXPANSION) == Moved(1, 0, 1500)
        assert (sheet.mrr_end, sheet.subscribers_end) == (Money.of("45.00", "USD"), 3)
        assert sheet.churn_percent == Decimal("25.0")
        assert sheet.revenue_churn_percent == Decimal("25.0")
        assert sheet.arpu == Money.of("15.00", "USD")

    def test_each_day_ends_where_the_next_begins(self, price):
        a_year_so_far(price)

        [sheet] = analytics_of(Wanted(date(2026, 1, 1), date(2026, 3, 1))).sheets

        standing = sheet.mrr_start.minor
        assert len(sheet.steps) == 60
        for step in sheet.steps:
            standing += sum(moved.minor for moved in step.moved.values())
            assert step.mrr_end.minor == standing
        assert standing == 4500

    def test_a_long_one_is_told_by_month_and_comes_to_the_same(self, price):
        a_year_so_far(price)

        [by_month] = analytics_of(Wanted(date(2026, 1, 1), date(2026, 12, 31))).sheets

        assert len(by_month.steps) == 12
        assert [step.mrr_end.minor for step in by_month.steps[:3]] == [4000, 4500, 4500]

    def test_a_plan_by_itself_adds_up_too(self, price):
        a_year_so_far(price)
        gold, platinum = Plan.objects.order_by("tier")

        [sheet] = analytics_of(Wanted(*FEBRUARY, plan_id=gold.pk)).sheets
        assert (sheet.mrr_start.minor, sheet.mrr_end.minor) == (4000, 2000)
        assert sheet.of(Movement.EXPANSION) == Moved(0, -1, -1000)

        [sheet] = analytics_of(Wanted(*FEBRUARY, plan_id=platinum.pk)).sheets
        assert (sheet.mrr_start.minor, sheet.mrr_end.minor) == (0, 2500)
        assert sheet.subscribers_end == 1

    def test_takings_are_those_of_the_range(self, price):
        a_year_so_far(price)

        [sheet] = analytics_of(Wanted(*FEBRUARY)).sheets

        taken = sheet.taken
        assert (taken.payments, taken.gross) == (3, Money.of("35.00", "USD"))
        assert taken.gross == taken.tax + taken.platform_fee + taken.processing_fee + taken.net

    def test_nothing_at_all_is_no_sheet(self):
        found = analytics_of(Wanted(*JANUARY))

        assert (found.sheets, found.cohorts, found.trials) == ((), (), Trials())

    @pytest.mark.parametrize(
        ("start", "end"),
        [(date(2026, 2, 2), date(2026, 2, 1)), (date(2020, 1, 1), date(2026, 1, 1))],
    )
    def test_one_that_is_backward_or_too_long_is_refused(self, start, end):
        with pytest.raises(errors.RangeInvalid):
            analytics_of(Wanted(start, end))

    def test_costs_the_same_however_many_subscribe(self, price):
        a_year_so_far(price, fans=2)
        with CaptureQueriesContext(connection) as few:
            analytics_of(Wanted(*FEBRUARY))

        other = PriceFactory.create()
        for n in range(5):
            History(a_fan_with_money(START), other, at=on(2, 5 + n)).begins(on(2, 5 + n))
        make_facts(now=on(3))
        with CaptureQueriesContext(connection) as many:
            analytics_of(Wanted(*FEBRUARY))

        assert len(few) == len(many) == 6


class TestTrials:
    def test_conversion_is_of_those_that_are_decided(self, price):
        fans = [a_fan_with_money(START) for _ in range(4)]
        over = on(1, 12)
        for n, fan in enumerate(fans):
            it = History(fan, price, at=START).tries(START, over)
            if n < 2:
                it.renews(over)
            elif n == 2:
                it.ends(over)
            else:
                it.declines(over)
        History(a_fan_with_money(START), price, at=START).tries(START, on(2))

        trials = analytics_of(Wanted(*JANUARY)).trials

        assert trials == Trials(over=4, converted=2, undecided=1)
        assert trials.conversion_percent == Decimal("66.7")


class TestWords:
    """The arithmetic, on figures one can check in the head."""

    def test_ltv_is_arpu_by_the_months_it_takes_to_lose_one(self):
        usd = "USD"
        nothing = Money.zero(usd)
        # 10 subscribers for two average months of 30.436875 days lost 4: one in five months.
        sheet = Sheet(
            currency=usd,
            start=date(2026, 1, 1),
            end=date(2026, 3, 1),
            mrr_start=Money.of("100.00", usd),
            subscribers_start=10,
            steps=(),
            taken=Taken(0, *[nothing] * 6),
            subscriber_days=608 + 1,
            moved={Movement.CHURN: Moved(4, -4, -4000)},
        )

        assert sheet.arpu == Money.of("10.00", usd)
        assert sheet.ltv == Money.of("50.02", usd)  # 10.00 * 609 / 30.436875 / 4
        assert sheet.churn_percent == Decimal("40.0")

    def test_what_has_no_meaning_is_not_known(self):
        assert percent(1, 0) is None
        assert CohortRow(date(2026, 1, 1), 3, (3, 1)).percent(1) == Decimal("33.3")
        assert CohortRow(date(2026, 1, 1), 3, (3, 1)).percent(2) is None

    @pytest.mark.parametrize(("value", "rounded"), [("5/2", 3), ("-5/2", -3), ("7/3", 2)])
    def test_halves_are_rounded_away_from_zero(self, value, rounded):
        assert half_up(Fraction(value)) == rounded

    def test_months_of_a_range_are_cut_to_it(self):
        assert months_between(date(2025, 12, 15), date(2026, 2, 3)) == [
            (date(2025, 12, 15), date(2025, 12, 31)),
            (date(2026, 1, 1), date(2026, 1, 31)),
            (date(2026, 2, 1), date(2026, 2, 3)),
        ]

    def test_the_file_says_the_same(self, price):
        a_year_so_far(price)

        lines = list(exports.mrr_lines(analytics_of(Wanted(date(2026, 1, 1), date(2026, 12, 31)))))

        assert lines[0].strip() == (
            "currency,start,end,mrr_start,new,expansion,contraction,churn,reactivation,mrr_end,"
            "subscribers_came_and_went,subscribers_end"
        )
        assert lines[2].strip() == (
            "USD,2026-02-01,2026-02-28,40.00,0.00,15.00,0.00,-10.00,0.00,45.00,-1,3"
        )


class TestApi:
    ADDRESS = "/api/v1/subscriptions/analytics/"

    @pytest.fixture
    def api_for(self, api):
        def sign_in(profile):
            api.force_authenticate(profile.user)
            return api

        return sign_in

    def test_gives_creators_their_own(self, api_for, price):
        a_year_so_far(price)
        other = PriceFactory.create()
        History(a_fan_with_money(START), other, at=START).begins(START)
        make_facts(now=on(3))

        answer = api_for(price.plan.creator).get(
            self.ADDRESS, {"start": "2026-02-01", "end": "2026-02-28"}
        )

        assert answer.status_code == 200
        [sheet] = answer.json()["sheets"]
        assert sheet["mrr_start"] == {"amount": "40.00", "currency": "USD"}
        assert sheet["mrr_end"] == {"amount": "45.00", "currency": "USD"}
        churn = next(each for each in sheet["movements"] if each["movement"] == "CHURN")
        assert churn == {
            "movement": "CHURN",
            "count": 1,
            "subscribers": -1,
            "mrr": {"amount": "-10.00", "currency": "USD"},
        }
        assert answer.json()["cohorts"] == []

    def test_as_a_file(self, api_for, price):
        a_year_so_far(price)

        answer = api_for(price.plan.creator).get(
            self.ADDRESS, {"start": "2026-02-01", "end": "2026-02-28", "format": "csv"}
        )

        assert answer.status_code == 200
        assert len(b"".join(answer.streaming_content).splitlines()) == 29

    def test_a_fan_has_none(self, api_for, fan):
        answer = api_for(fan).get(self.ADDRESS)

        assert (answer.status_code, answer.json()["code"]) == (
            403,
            "subscriptions.not_a_creator",
        )

    def test_another_creator_s_plan_is_not_found(self, api_for, price):
        other = PriceFactory.create()

        answer = api_for(price.plan.creator).get(self.ADDRESS, {"plan": str(other.plan.public_id)})

        assert (answer.status_code, answer.json()["code"]) == (
            404,
            "subscriptions.plan_not_found",
        )

    @pytest.mark.parametrize(
        "query",
        [
            {"start": "2026-02-02", "end": "2026-02-01"},
            {"start": "2001-01-01", "end": "2026-02-01"},
            {"start": "yesterday"},
            {"currency": "XXX"},
            {"start": "0001-01-01"},
            {"end": "9999-12-31"},
        ],
    )
    def test_what_makes_no_sense_is_said(self, api_for, price, query):
        assert api_for(price.plan.creator).get(self.ADDRESS, query).status_code == 422


class TestConsole:
    ADDRESS = "/admin/subscriptions/dailyfact/"

    def test_shows_the_range_with_its_movements_and_cohorts(self, console, price):
        a_year_so_far(price)

        answer = console("finance").get(self.ADDRESS, {"start": "2026-01-01", "end": "2026-02-28"})

        page = answer.content.decode()
        assert answer.status_code == 200
        assert "$45.00" in page
        assert "Churn" in page
        assert "3 of 4, 1 months later" in page
        assert "c-warm-8" in page

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"start": "2026-02-02", "end": "2026-02-01"}, "its start first"),
            ({"creator": "nobody-here"}, "No creator has this handle"),
            ({"plan": "999999"}, "no plan with this number"),
            ({"plan": str(2**63)}, "less than or equal"),
            ({"start": "0001-01-01"}, "greater than or equal"),
        ],
    )
    def test_says_what_is_wrong_with_a_question(self, console, query, words):
        answer = console("finance").get(self.ADDRESS, query)

        assert answer.status_code == 422
        assert words in answer.content.decode()

    def test_narrows_to_a_creator_by_handle(self, console, price):
        a_year_so_far(price)
        creator = price.plan.creator

        page = console("finance").get(
            self.ADDRESS,
            {"start": "2026-02-01", "end": "2026-02-28", "creator": f"@{creator.handle}"},
        )

        assert "$45.00" in page.content.decode()

    def test_the_file_is_on_record(self, console, price):
        a_year_so_far(price)
        client = console("finance")

        answer = client.get(f"{self.ADDRESS}file/", {"start": "2026-02-01", "end": "2026-02-28"})

        assert answer["Content-Type"].startswith("text/csv")
        assert b"2026-02-05" in b"".join(answer.streaming_content)
        record = AuditRecord.objects.get(action="console.exported")
        assert (record.subject_type, record.facts["rows"]) == ("subscriptions.dailyfact", 28)

    def test_who_may_not_see_figures_gets_none(self, console):
        client = console("support")

        assert client.get(self.ADDRESS).status_code == 403
        assert client.get(f"{self.ADDRESS}file/").status_code == 403

    def test_a_movement_leads_to_its_subscription(self, console, price):
        a_year_so_far(price)
        client = console("finance")

        page = client.get(reverse("admin:subscriptions_mrrmove_changelist"), {"q": "2026-02-05"})

        assert page.content.decode().count("Churn") >= 1
