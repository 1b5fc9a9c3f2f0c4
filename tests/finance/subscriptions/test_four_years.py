"""Four years, day by day: every period of every subscription is charged once, on its day."""

from __future__ import annotations

import calendar
import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from celery import current_app
from django.db.models import Sum

from apps.core.money import Money
from apps.finance.ledger.models import Line
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions.choices import PeriodKind, State
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.tick import bill_due
from tests import given_subscriptions as given
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.subscriptions import crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

YEARS = 4
BEGAN = datetime(2024, 1, 28, 5, tzinfo=UTC)
ENDS = BEGAN + timedelta(days=365 * YEARS + 1)
#: Wall-clock beginnings where each fan lives: ends of months, a leap day, hours that clocks skip.
DAYS = [
    (2024, 1, 29, 10, 0),
    (2024, 1, 30, 23, 59),
    (2024, 1, 31, 0, 30),
    (2024, 2, 29, 12, 0),
    (2024, 3, 31, 2, 30),
    (2024, 8, 31, 1, 30),
    (2024, 12, 31, 23, 30),
]
ZONES = ["UTC", "America/New_York", "Pacific/Auckland", "Europe/Berlin"]
MONTHS = [1, 3, 6, 12, 24]


@pytest.fixture(autouse=True)
def deliveries_wait():
    """What is published waits in the outbox, as there is no worker."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


def begins_of(began, zone, months):
    """The moments at which periods begin, by the calendar on the wall: written down anew here."""
    local = began.astimezone(ZoneInfo(zone))
    for number in itertools.count():
        index = local.month - 1 + number * months
        year, month = local.year + index // 12, index % 12 + 1
        day = min(local.day, calendar.monthrange(year, month)[1])
        at = datetime(year, month, day, local.hour, local.minute, tzinfo=ZoneInfo(zone))
        yield at.astimezone(UTC)


def expected(began, zone, months, until):
    return list(itertools.takewhile(lambda at: at <= until, begins_of(began, zone, months)))


def test_every_period_is_charged_once_on_its_day():
    wanted = {}
    offers = {
        months: PriceFactory.create(
            plan=PlanFactory.create(creator=CreatorFactory.create()), months=months
        )
        for months in MONTHS
    }
    starts = sorted(
        (datetime(*day, tzinfo=ZoneInfo(zone)).astimezone(UTC), zone, MONTHS[(i + j) % 5])
        for (i, day), (j, zone) in itertools.product(enumerate(DAYS), enumerate(ZONES))
    )
    fans = [ProfileFactory.create() for _ in starts]
    crowd.fund([fan.pk for fan in fans], Money.of("1000.00", "USD"), cluster="boyfanz", now=BEGAN)
    waiting = list(zip(starts, fans, strict=True))
    now = BEGAN
    while now < ENDS:
        while waiting and waiting[0][0][0] <= now:
            (at, zone, months), fan = waiting.pop(0)
            subscription = given.subscribed(fan, offers[months], now=at, timezone=zone)
            wanted[subscription.pk] = (at, zone, months)
        remind_due(now=now)
        billed = bill_due(now=now)
        assert (billed.failed, billed.declined, billed.ended) == (0, 0, 0)
        now += timedelta(days=1)

    last = now - timedelta(days=1)
    assert len(wanted) == len(starts)
    for pk, (at, zone, months) in wanted.items():
        periods = list(Period.objects.filter(subscription_id=pk).order_by("number"))
        begins = expected(at, zone, months, last)
        assert [period.from_at for period in periods] == begins, (zone, months, at)
        assert [period.number for period in periods] == list(range(1, len(begins) + 1))
        ends = [period.until_at for period in periods]
        assert ends[:-1] == begins[1:], "a gap, or days charged twice"
        assert all(period.kind == PeriodKind.PAID for period in periods)
        paid = Transaction.objects.filter(subject__startswith=f"subscription:{pk}:period:")
        assert paid.count() == len(periods)
        assert len({period.transaction_id for period in periods}) == len(periods)
        for period in periods[1:]:
            assert period.paid_at is not None
            late = period.paid_at - period.from_at
            assert timedelta(0) <= late < timedelta(days=1), "charged on another day"
    assert not Subscription.objects.exclude(state=State.ACTIVE).exists()
    assert Line.objects.aggregate(off=Sum("amount_minor"))["off"] == 0
