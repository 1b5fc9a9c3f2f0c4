"""A new price at renewal: who agreed pays it, who did not is never charged it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import EndReason, State, What
from apps.finance.subscriptions.models import Period, Price, PriceChange, Subscription
from apps.finance.subscriptions.rules.notice import TOLD_AFTER
from apps.finance.subscriptions.selectors.changes import change_quote
from apps.finance.subscriptions.selectors.price_changes import preview
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from apps.notifications.services import record_bounce, send_due
from tests.factories.subscriptions import PriceFactory
from tests.given_subscriptions import (
    a_price,
    a_subscription,
    delivered,
    price_of,
    wallet_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def _changed(row: Subscription, amount: str, *, now: datetime) -> PriceChange:
    """The creator's new price, for who pays the old one from 40 days on."""
    _next(row, amount, now=now)
    return _planned(row, now=now)


def _next(row: Subscription, amount: str, *, now: datetime) -> Price:
    assert row.price is not None
    new = subscriptions.set_price(
        plan=row.plan, months=1, amount=Money.of(amount, "USD"), by=row.creator.user, now=now
    )
    row.price.refresh_from_db()
    return new


def _planned(row: Subscription, *, now: datetime) -> PriceChange:
    assert row.price is not None
    return subscriptions.plan_price_change(
        old_price=row.price,
        new_price=Price.objects.get(plan=row.plan_id, replaced_at__isnull=True),
        effective_at=now + timedelta(days=40),
        by=row.creator.user,
        now=now,
    )


def _billed_until(now: datetime, days: int, *, since: int = 0, mails: bool = True) -> None:
    for day in range(since, days):
        if mails:
            send_due(now=now + timedelta(days=day))
        bill_due(now=now + timedelta(days=day, minutes=1))


def _paid(row: Subscription) -> list[int]:
    """What each period cost, in cents."""
    periods = Period.objects.filter(subscription=row, state="PAID").order_by("number")
    return list(periods.values_list("amount_minor", flat=True))


def test_yes_no_and_silence_at_the_day_of_a_rise_that_must_be_agreed_to(
    now: datetime, boyfanz: Cluster
) -> None:
    price = a_price("10.00")
    agreed, refused, silent = (a_subscription(now=now, price=price) for _ in range(3))
    _changed(agreed, "20.00", now=now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    at = now + timedelta(days=2)
    subscriptions.agree_to_price(subscription_id=agreed.public_id, fan=agreed.fan, now=at)
    subscriptions.refuse_price(subscription_id=refused.public_id, fan=refused.fan, now=at)
    _billed_until(now, 70)  # renewals on 15 February, before the day, and 15 March, after it
    assert _paid(agreed) == [1_000, 1_000, 2_000]
    assert _paid(refused) == _paid(silent) == [1_000, 1_000]
    assert (wallet_of(agreed.fan), wallet_of(refused.fan)) == ("60.00", "80.00")
    for row in (refused, silent):
        row.refresh_from_db()
        assert (row.state, row.end_reason) == (State.ENDED, EndReason.NO_CONSENT)
    agreed.refresh_from_db()
    assert (agreed.amount_minor, agreed.price_change) == (2_000, None)
    assert agreed.history.filter(what=What.PRICE_CHANGED).count() == 1


def test_a_smaller_rise_holds_without_a_word_and_a_withdrawn_one_never(
    now: datetime, boyfanz: Cluster
) -> None:
    stays, moves = (a_subscription(now=now) for _ in range(2))
    withdrawn = _changed(stays, "12.00", now=now)
    _changed(moves, "12.00", now=now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    at = now + timedelta(days=3)
    subscriptions.withdraw_price_change(change=withdrawn, by=stays.creator.user, now=at)
    _billed_until(now, 70)
    assert _paid(moves) == [1_000, 1_000, 1_200]
    assert _paid(stays) == [1_000, 1_000, 1_000]


def test_who_is_told_too_late_pays_the_old_price_once_more(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    change = _changed(row, "12.00", now=now)
    _billed_until(now, 55)
    # The worker stood still: it tells five days before the renewal of 15 March.
    subscriptions.tell_price_changes(now=now + timedelta(days=54))
    change.refresh_from_db()
    assert change.told_at == now + timedelta(days=54)
    _billed_until(now, 100, since=55)
    assert _paid(row) == [1_000, 1_000, 1_000, 1_200]


def test_a_change_of_the_plan_one_left_is_no_change_of_the_plan_one_took(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    lower = PriceFactory.create(plan__creator=row.creator, amount="5.00")
    _changed(row, "12.00", now=now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    Subscription.objects.filter(pk=row.pk).update(next_plan=lower.plan, next_price=lower)
    _billed_until(now, 100)
    assert _paid(row) == [1_000, 500, 500, 500]


@pytest.mark.parametrize(("days", "mails", "paid"), [(40, 2, 1_200), (55, 1, 1_000)])
def test_who_stays_after_all_is_told_again_or_keeps_the_old_price(
    now: datetime, boyfanz: Cluster, days: int, mails: int, paid: int
) -> None:
    row = a_subscription(now=now)
    _changed(row, "12.00", now=now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    _billed_until(now, days, mails=False)
    at = now + timedelta(days=days)
    wish: dict[str, Any] = {"subscription_id": row.public_id, "fan": row.fan, "now": at}
    subscriptions.cancel(**wish)
    subscriptions.uncancel(**wish)
    told = Message.objects.filter(kind="subscription.price_change")
    assert told.filter(state="WITHDRAWN").count() == 1
    assert told.count() == mails
    _billed_until(now, 70, since=days)
    assert _paid(row) == [1_000, 1_000, paid]


def _told(row: Subscription, now: datetime, amount: str = "12.00") -> PriceChange:
    change = _changed(row, amount, now=now)
    subscriptions.tell_price_changes(now=now + TOLD_AFTER)
    return change


def test_a_notice_that_has_not_left_brings_no_higher_price(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    _told(row, now)
    _billed_until(now, 70, mails=False)
    assert _paid(row) == [1_000, 1_000, 1_000]


@pytest.mark.parametrize("amount", ["12.00", "20.00"])
def test_a_notice_that_came_back_leaves_the_old_price(
    now: datetime, boyfanz: Cluster, amount: str
) -> None:
    row = a_subscription(now=now)
    change = _told(row, now, amount)
    _billed_until(now, 40)
    record_bounce(
        key=f"subscription:{row.pk}:price_change:{change.pk}",
        reason="No such box",
        now=now + timedelta(days=40),
    )
    delivered(now=now)
    row.refresh_from_db()
    assert (row.price_change, row.consent) == (None, "NOT_NEEDED")
    assert row.history.filter(reason__contains="did not arrive").count() == 1
    _billed_until(now, 70, since=40)
    assert _paid(row) == [1_000, 1_000, 1_000]


def test_who_has_said_yes_is_charged_though_the_notice_came_back(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    change = _told(row, now, "20.00")
    _billed_until(now, 40)
    at = now + timedelta(days=40)
    subscriptions.agree_to_price(subscription_id=row.public_id, fan=row.fan, now=at)
    record_bounce(
        key=f"subscription:{row.pk}:price_change:{change.pk}", reason="No such box", now=at
    )
    delivered(now=now)
    _billed_until(now, 70, since=40)
    assert _paid(row) == [1_000, 1_000, 2_000]


def test_a_pause_puts_the_notice_off_and_who_ends_it_early_pays_the_old_price(
    now: datetime, boyfanz: Cluster
) -> None:
    waits, ends = (a_subscription(now=now) for _ in range(2))
    for row in (waits, ends):
        _told(row, now)
    _billed_until(now, 10)
    for row in (waits, ends):
        subscriptions.pause(
            subscription_id=row.public_id, fan=row.fan, until=now + timedelta(days=110),
            now=now + timedelta(days=10),
        )  # fmt: skip
    told = Message.objects.filter(kind="subscription.price_change", state="QUEUED")
    assert {each.send_at for each in told} == {now + timedelta(days=80)}
    _billed_until(now, 60, since=10)
    subscriptions.resume(
        subscription_id=ends.public_id, fan=ends.fan, now=now + timedelta(days=60)
    )
    _billed_until(now, 112, since=60)
    assert _paid(ends) == [1_000, 1_000, 1_000]
    assert _paid(waits) == [1_000, 1_200]
    assert not told.all().exists()


def test_who_chooses_another_plan_hears_no_more_of_the_price_of_the_old_one(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    lower = PriceFactory.create(plan__creator=row.creator, amount="5.00")
    _told(row, now)
    told = Message.objects.filter(kind="subscription.price_change", state="QUEUED")
    assert told.count() == 1
    at = now + timedelta(days=2)
    quote = change_quote(subscription=Subscription.objects.get(pk=row.pk), price=lower, now=at)
    wish: dict[str, Any] = {"subscription_id": row.public_id, "fan": row.fan, "now": at}
    subscriptions.change(price=lower, token=quote.token, idempotency_key="lower", **wish)
    assert told.count() == 0
    subscriptions.withdraw_change(**wish)
    assert told.count() == 1


def test_rises_in_slices_are_measured_together(now: datetime, boyfanz: Cluster) -> None:
    silent = a_subscription(now=now)
    _told(silent, now, "14.90")
    _billed_until(now, 62)
    silent.refresh_from_db()
    assert silent.amount_minor == 1_490
    late = now + timedelta(days=62)
    newcomer = a_subscription(now=late, price=silent.price)

    shown = preview(
        old=price_of(silent), new=_next(silent, "16.00", now=late), now=late,
        effective_at=late + timedelta(days=40),
    )  # fmt: skip
    assert (shown.told, shown.must_agree, shown.all_must_agree) == (2, 1, False)
    _planned(silent, now=late)
    subscriptions.tell_price_changes(now=late + TOLD_AFTER)

    asked = {row.pk: row.consent for row in Subscription.objects.all()}
    assert asked == {silent.pk: "WAITING", newcomer.pk: "NOT_NEEDED"}
    _billed_until(now, 160, since=62)
    assert _paid(silent)[-1] == 1_490
    silent.refresh_from_db()
    assert silent.end_reason == EndReason.NO_CONSENT
    assert _paid(newcomer)[-1] == 1_600


def test_who_agreed_to_a_rise_is_asked_about_the_next_one_alone(
    now: datetime, boyfanz: Cluster
) -> None:
    row = a_subscription(now=now)
    _told(row, now, "16.00")
    at = now + timedelta(days=3)
    subscriptions.agree_to_price(subscription_id=row.public_id, fan=row.fan, now=at)
    _billed_until(now, 62)
    row.refresh_from_db()
    assert row.amount_minor == 1_600
    _told(row, now + timedelta(days=62), "17.00")
    row.refresh_from_db()
    assert row.consent == "NOT_NEEDED"
