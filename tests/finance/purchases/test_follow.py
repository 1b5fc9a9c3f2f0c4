"""A purchase ends as its payment is, whatever is told in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Profile, User
from apps.core import events
from apps.core.models import OutboxMessage
from apps.finance.entitlements.selectors import history_of
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.purchases import errors
from apps.finance.purchases import services as purchases
from apps.finance.purchases.choices import PurchaseState
from apps.finance.purchases.models import Item, Purchase
from apps.finance.purchases.services.follow import settle
from tests.finance.payments.refunding import a_policy, ask, books_are_balanced
from tests.finance.payments.test_refunds import done
from tests.finance.purchases.selling import (
    an_item,
    bank_says,
    begun,
    bought,
    earned,
    hear,
    may_see,
    pay,
    payment_of,
    usd,
)
from tests.undone import undone_afterwards

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def item(creator: Profile, now: datetime) -> Item:
    return an_item(creator, now=now)


@pytest.fixture
def clerk(staff: Callable[..., User]) -> User:
    return staff("finance")


def deliver_all(now: datetime, *, backwards: bool = False) -> int:
    """Hand every event over that was not yet, in either order; return how many there were."""
    waiting = OutboxMessage.objects.filter(delivered_at=None).order_by(
        "-id" if backwards else "id"
    )
    return sum(events.deliver(pk, now=now) for pk in list(waiting.values_list("pk", flat=True)))


def test_a_full_refund_withdraws_it_and_it_can_be_bought_again(
    fan: Profile, creator: Profile, item: Item, clerk: User, now: datetime
) -> None:
    a_policy(now=now)
    purchase = bought(fan, item, now=now)

    done(ask(payment_of(purchase), "10.00", by=clerk, now=now), now=now)

    assert hear(purchase, now=now + DAY).state == PurchaseState.REFUNDED
    assert not may_see(fan, item, now=now + DAY)
    assert earned(creator) == "0.00"
    again = bought(fan, item, now=now + DAY)
    assert may_see(fan, item, now=now + DAY)
    assert [row.change for row in history_of(purchase.source)] == ["GRANTED", "WITHDRAWN"]
    assert [row.change for row in history_of(again.source)] == ["GRANTED"]
    assert books_are_balanced()


def test_a_part_that_goes_back_leaves_it(
    fan: Profile, item: Item, clerk: User, now: datetime
) -> None:
    a_policy(now=now)
    purchase = bought(fan, item, now=now)

    done(ask(payment_of(purchase), "9.00", by=clerk, now=now), now=now)

    assert hear(purchase, now=now).state == PurchaseState.PAID
    assert may_see(fan, item, now=now)


def test_a_chargeback_withdraws_it_and_a_win_brings_it_back(
    fan: Profile, item: Item, now: datetime
) -> None:
    a_policy(now=now)
    purchase = bought(fan, item, now=now)

    bank_says(purchase, Told.CHARGEBACK, at=now + DAY)
    assert hear(purchase, now=now + DAY).state == PurchaseState.DISPUTED
    assert not may_see(fan, item, now=now + DAY)
    with pytest.raises(errors.PurchaseDisputed):
        begun(fan, item, now=now + DAY)

    bank_says(purchase, Told.CHARGEBACK_WON, at=now + 9 * DAY)
    assert hear(purchase, now=now + 9 * DAY).state == PurchaseState.PAID
    assert may_see(fan, item, now=now + 9 * DAY)
    assert [(row.change, row.why) for row in history_of(purchase.source)] == [
        ("GRANTED", "Bought"),
        ("WITHDRAWN", "The bank took the payment back"),
        ("RESTORED", "Bought"),
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_events_may_come_late_and_in_any_order(
    fan: Profile, item: Item, now: datetime, backwards: bool
) -> None:
    a_policy(now=now)
    purchase = begun(fan, item, now=now)
    pay(purchase, now=now)
    bank_says(purchase, Told.CHARGEBACK, at=now + DAY)
    bank_says(purchase, Told.CHARGEBACK_WON, at=now + 2 * DAY)

    assert deliver_all(now, backwards=backwards) >= 3

    assert Purchase.objects.get(pk=purchase.pk).state == PurchaseState.PAID
    assert may_see(fan, item, now=timezone.now())  # which is when they were handed over


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED, Status.EXPIRED])
def test_what_nobody_paid_is_given_up_without_a_word_and_a_late_capture_opens_it(
    fan: Profile, item: Item, now: datetime, status: Status
) -> None:
    purchase = begun(fan, item, now=now)
    Transaction.objects.filter(pk=payment_of(purchase).pk).update(status=status)

    assert purchases.follow_missed(now=now) == 0
    later = now + timedelta(hours=1)
    assert purchases.follow_missed(now=later) == 1
    assert purchases.follow_missed(now=later) == 0
    assert Purchase.objects.get(pk=purchase.pk).state == PurchaseState.ABANDONED

    pay(purchase, now=later)
    assert hear(purchase, now=later).state == PurchaseState.PAID
    assert may_see(fan, item, now=later)


class TestPaidTwice:
    def twice(self, fan: Profile, item: Item, now: datetime) -> tuple[Purchase, Purchase]:
        """The first was given up for the second; then both were paid."""
        first, second = begun(fan, item, now=now), begun(fan, item, now=now)
        for purchase in (second, first):
            pay(purchase, now=now)
        return first, second

    def test_the_one_heard_first_counts_and_the_other_goes_back(
        self, fan: Profile, creator: Profile, item: Item, clerk: User, now: datetime
    ) -> None:
        a_policy(now=now)
        first, second = self.twice(fan, item, now)
        assert (hear(second, now=now).is_second, hear(first, now=now).is_second) == (False, True)
        assert (may_see(fan, item, now=now), earned(creator)) == (True, "16.00")

        hear(first, now=now)
        asked = payment_of(first).refunds.get()
        assert (asked.amount, asked.reason_code) == (usd("10.00"), "DUPLICATE")
        assert asked == purchases.give_back(purchase_id=first.pk, by=clerk, reason="x", now=now)
        done(asked, now=now)

        assert hear(first, now=now).state == PurchaseState.REFUNDED
        # The policy lets the creator bear what the processor keeps of it: 5 % of 10.00.
        assert (may_see(fan, item, now=now), earned(creator)) == (True, "7.50")
        assert books_are_balanced()

    def test_only_what_was_paid_twice_goes_back_so_and_only_by_those_who_may(
        self, fan: Profile, item: Item, clerk: User, now: datetime
    ) -> None:
        first, second = self.twice(fan, item, now)
        hear(second, now=now), hear(first, now=now)

        for purchase_id, by in ((second.pk, clerk), (404, clerk), (first.pk, fan.user)):
            with pytest.raises(errors.PurchaseNotFound):
                purchases.give_back(purchase_id=purchase_id, by=by, reason="x", now=now)

        assert not payment_of(second).refunds.exists()
        assert payment_of(first).refunds.count() == 1

    def test_when_the_one_that_counts_goes_back_the_other_counts(
        self, fan: Profile, item: Item, clerk: User, now: datetime
    ) -> None:
        a_policy(now=now)
        first, second = self.twice(fan, item, now)
        hear(second, now=now), hear(first, now=now)

        done(ask(payment_of(second), "10.00", by=clerk, now=now), now=now)
        hear(second, now=now)

        assert Purchase.objects.get(pk=first.pk).is_second is False
        assert may_see(fan, item, now=now)


#: What a payment may be seen as when news of it are heard, and at last.
SEEN = [
    Status.REQUIRES_ACTION, Status.PROCESSING, Status.CAPTURED, Status.FAILED, Status.EXPIRED,
    Status.PARTLY_REFUNDED, Status.REFUNDED, Status.DISPUTED,
]  # fmt: skip
heard = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(SEEN)), max_size=8)
ends = st.tuples(
    st.sampled_from([Status.CAPTURED, Status.REFUNDED, Status.DISPUTED]),
    st.sampled_from([Status.CAPTURED, Status.REFUNDED]),
)


@pytest.fixture
def two(fan: Profile, item: Item, now: datetime) -> list[Purchase]:
    return [begun(fan, item, now=now), begun(fan, item, now=now)]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(heard=heard, ends=ends)
def test_two_payments_heard_in_any_order_end_as_they_are(
    *,
    fan: Profile,
    item: Item,
    two: list[Purchase],
    now: datetime,
    heard: list[tuple[int, Status]],
    ends: tuple[Status, Status],
) -> None:
    """However often and as whatever they were seen: what is paid at the end opens it, once."""
    for order in permutations([(0, ends[0]), (1, ends[1])]):
        with undone_afterwards():
            for which, status in [*heard, *order, *order]:
                with transaction.atomic():
                    settle(Purchase.objects.get(pk=two[which].pk), status=status, now=now)

            rows = Purchase.objects.filter(item=item, is_second=False)
            counting = rows.filter(state=PurchaseState.PAID).count()
            disputed = rows.filter(state=PurchaseState.DISPUTED).count()
            assert may_see(fan, item, now=now) == bool(counting)
            assert counting + disputed <= 1
            if Status.CAPTURED in ends and Status.DISPUTED not in ends:
                assert counting == 1
            if set(ends) == {Status.REFUNDED}:
                assert not counting
