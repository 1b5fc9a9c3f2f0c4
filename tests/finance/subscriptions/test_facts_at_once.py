"""Two workers that make figures at once make them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from celery import current_app
from django.db import connection

from apps.finance.subscriptions.models import Cohort, DailyFact, DailyTake, MrrMove
from apps.finance.subscriptions.services.facts import make_facts
from tests.factories.subscriptions import PriceFactory
from tests.finance.subscriptions.histories import History, a_fan_with_money

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def deliveries_wait():
    """What is published waits in the outbox, as there is no worker."""
    current_app.conf.task_always_eager = False
    yield
    current_app.conf.task_always_eager = True


@pytest.mark.django_db(transaction=True)
def test_two_at_once_in_small_steps_write_nothing_twice():
    price = PriceFactory.create(amount="10.00")
    for n in range(3):
        it = History(a_fan_with_money(START), price, at=START).begins(START)
        if n:
            it.ends(LATER)
    start = Barrier(2)

    def work() -> None:
        start.wait()
        try:
            make_facts(now=LATER, limit=1, passes=50)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(work) for _ in range(2)]:
            done.result()

    assert MrrMove.objects.count() == 5
    facts = DailyFact.objects.order_by("day").values_list("movement", "count", "minor")
    assert list(facts) == [("NEW", 3, 3000), ("CHURN", 2, -2000)]
    ages = Cohort.objects.order_by("age").values_list("began", "stayed")
    assert list(ages) == [(3, 3), (3, 3), (3, 1)]
    assert DailyTake.objects.get().payments == 3
