"""By card a subscription waits for its first payment: captured, declined, late, twice, never."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction as database

from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, Method, Status
from apps.finance.payments.models import PaymentMethod, Refund, Transaction
from apps.finance.payments.services import PayBy
from apps.finance.payments.services.move import fail
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import EndReason, RenewsBy, State
from apps.finance.subscriptions.models import Redemption, Subscription, TrialUse
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.services.first_payment import (
    expire_incomplete,
    first_payment_captured,
)
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory
from tests.factories.subscriptions import PromotionFactory
from tests.finance.payments.charging import a_token, an_account, stored_means
from tests.finance.payments.test_gateway_renewals import heard
from tests.given_subscriptions import (
    a_price,
    a_subscriber,
    an_incomplete_one,
    delivered,
    earned_by,
    fresh,
    paid,
    payment_of,
    price_of,
    subscribed,
    wallet_of,
)

pytestmark = pytest.mark.django_db


def _expire(*ones: Subscription, now: datetime) -> int:
    with database.atomic():
        return expire_incomplete([one.pk for one in ones], now=now)


def _declined(subscription: Subscription, *, now: datetime) -> None:
    with database.atomic():
        payment = Transaction.objects.select_for_update().get(pk=payment_of(subscription).pk)
        fail(transaction=payment, now=now, code="do_not_honour", reason="Declined")


def test_it_waits_until_the_card_is_charged(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    assert subscription.state == State.INCOMPLETE
    assert subscription.due_at == now + timedelta(hours=1)
    period = subscription.periods.get()
    assert (period.number, period.state) == (1, "OPEN")
    payment = subscription.first_transaction
    assert payment is not None
    assert (payment.status, payment.subject, payment.occasion) == (
        Status.REQUIRES_ACTION,
        f"subscription:{subscription.pk}:period:1",
        "FIRST",
    )
    assert earned_by(subscription.creator) == "0.00"


def test_it_begins_when_that_is_captured_and_only_once(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    paid(subscription, now=now + timedelta(minutes=5))
    delivered(now=now)
    begun = fresh(subscription)
    assert begun.state == State.ACTIVE
    assert begun.started_at == now
    assert begun.renews_by == RenewsBy.GATEWAY
    assert begun.current_until is not None
    assert begun.due_at == begun.current_until + timedelta(days=3)
    lines = list(begun.history.order_by("id").values_list("what", flat=True))
    assert lines == ["STARTED", "ACTIVATED"]

    with database.atomic():
        first_payment_captured(transaction_id=payment_of(begun).pk, subscription_id=begun.pk)
    assert fresh(subscription).history.count() == 2
    assert not Refund.objects.exists()


def test_a_gateway_is_not_asked_to_renew_what_it_cannot_charge(now: datetime) -> None:
    price = a_price("10.00")
    PromotionFactory.create(creator=price.plan.creator, percent_bps=2_000, periods=3)
    subscription = an_incomplete_one(now=now, price=price)
    assert subscription.first_transaction is not None
    assert subscription.first_transaction.renewal == {}
    paid(subscription, now=now)
    delivered(now=now)
    assert fresh(subscription).renews_by == RenewsBy.WALLET


def test_a_kept_card_renews_it(sandbox: Any, now: datetime) -> None:
    price, fan = a_price(), ProfileFactory.create()
    an_account(fan)
    means = stored_means(sandbox, fan, now=now)
    subscription = subscribed(
        fan,
        price,
        now=now,
        method=Method.CARD,
        pay_by=PayBy(kind=AttemptKind.STORED, means=means),
    )
    paid(subscription, now=now)
    delivered(now=now)
    begun = fresh(subscription)
    assert (begun.state, begun.renews_by) == (State.ACTIVE, RenewsBy.MEANS)
    assert begun.means_id == means.pk


def test_a_card_that_is_typed_in_is_kept_for_the_renewals(sandbox: Any, now: datetime) -> None:
    price, fan = a_price(), ProfileFactory.create()
    an_account(fan)
    subscription = subscribed(
        fan, price, now=now, method=Method.CARD, pay_by=PayBy(kind=AttemptKind.FIELDS)
    )
    payments.charge(transaction=payment_of(subscription), now=now, one_time=a_token(sandbox))
    delivered(now=now)
    begun = fresh(subscription)
    assert (begun.state, begun.renews_by) == (State.ACTIVE, RenewsBy.MEANS)
    assert begun.means is not None
    assert begun.means.last4 == "1111"


def test_another_card_that_was_used_meanwhile_is_not_charged_for_it(
    sandbox: Any, now: datetime
) -> None:
    price, fan = a_price(), ProfileFactory.create()
    an_account(fan)
    subscription = subscribed(
        fan, price, now=now, method=Method.CARD, pay_by=PayBy(kind=AttemptKind.FIELDS)
    )
    payment = payment_of(subscription)
    payment.attempts.update(keep=False)
    payments.charge(transaction=payment, now=now, one_time=a_token(sandbox))
    other = stored_means(sandbox, fan, now=now + timedelta(minutes=1))
    assert other.merchant_account_id == payment_of(subscription).merchant_account_id
    delivered(now=now)
    begun = fresh(subscription)
    assert (begun.state, begun.renews_by) == (State.ACTIVE, RenewsBy.WALLET)
    assert begun.means is None
    told = Message.objects.get(kind="subscription.confirmed")
    assert told.context["from_wallet"] is True, "what was agreed to is another way"


def test_a_card_that_was_typed_in_has_one_trial_with_a_creator(
    sandbox: Any, now: datetime
) -> None:
    price, fan = a_price(trial_days=7, trial_minor=5_00), ProfileFactory.create()
    an_account(fan)
    subscription = subscribed(
        fan, price, now=now, method=Method.CARD, pay_by=PayBy(kind=AttemptKind.FIELDS)
    )
    payments.charge(transaction=payment_of(subscription), now=now, one_time=a_token(sandbox))
    PaymentMethod.objects.filter(profile=fan).update(fingerprint="the-card")
    delivered(now=now)
    assert fresh(subscription).state == State.TRIALING
    assert TrialUse.objects.get().fingerprint == "the-card"

    other = ProfileFactory.create()
    means = stored_means(sandbox, other, now=now)
    means.fingerprint = "the-card"
    seen = quotes.offer(fan=other, price=price, method=Method.CARD, now=now, means=means)
    assert (seen.trial_days, seen.total.minor) == (0, 1000)


def test_a_free_trial_with_a_stored_card_charges_nothing(sandbox: Any, now: datetime) -> None:
    price, fan = a_price(trial_days=7), ProfileFactory.create()
    an_account(fan)
    means = stored_means(sandbox, fan, now=now)
    subscription = subscribed(
        fan,
        price,
        now=now,
        method=Method.CARD,
        pay_by=PayBy(kind=AttemptKind.STORED, means=means),
    )
    assert (subscription.state, subscription.renews_by) == (State.TRIALING, RenewsBy.MEANS)
    assert not Transaction.objects.filter(payer=fan, kind="SUBSCRIPTION").exists()


def test_a_decline_ends_it_and_gives_back_code_and_trial(now: datetime) -> None:
    price = a_price(trial_days=7, trial_minor=5_00)
    promotion = PromotionFactory.create(creator=price.plan.creator, code="ONCE", most=1)
    subscription = an_incomplete_one(now=now, price=price, code="ONCE")
    _declined(subscription, now=now)
    delivered(now=now)
    ended = fresh(subscription)
    assert (ended.state, ended.end_reason) == (State.ENDED, EndReason.INCOMPLETE)
    assert ended.periods.get().state == "UNPAID"
    promotion.refresh_from_db()
    assert promotion.redeemed == 0
    assert not TrialUse.objects.exists()


def test_beginning_anew_takes_the_place_of_what_was_not_paid(now: datetime) -> None:
    price = a_price(trial_days=7, trial_minor=5_00)
    PromotionFactory.create(creator=price.plan.creator, code="ONCE", most=1)
    fan = a_subscriber("100.00", now=now)
    first = an_incomplete_one(now=now, price=price, fan=fan, code="ONCE")
    second = subscribed(fan, price, now=now, code="ONCE")
    assert fresh(first).state == State.ENDED
    assert second.state == State.TRIALING
    assert second.promotion is not None
    assert wallet_of(fan) == "95.00"
    assert Redemption.objects.filter(released_at__isnull=True).count() == 1


def test_what_is_captured_too_late_goes_back(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    assert _expire(subscription, now=now + timedelta(hours=1)) == 1
    paid(subscription, now=now + timedelta(hours=2))
    delivered(now=now)
    assert fresh(subscription).state == State.ENDED
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.origin, refund.reason_code) == (1000, "RULE", "DUPLICATE")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("late", ["given up", "subscribed another way"])
def test_a_gateway_that_was_to_renew_what_goes_back_is_told_not_to(
    sandbox: Any, now: datetime, late: str
) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    subscription = an_incomplete_one(now=now, price=price, fan=fan)
    if late == "given up":
        _expire(subscription, now=now + timedelta(hours=1))
    else:
        subscribed(fan, price, now=now)
        Subscription.objects.filter(pk=subscription.pk).update(
            state=State.INCOMPLETE, ended_at=None, end_reason=""
        )
    later = now + timedelta(hours=2)
    sandbox.pay(payments.checkout_url(transaction=payment_of(subscription), now=now))
    heard(sandbox, later)
    delivered(now=later)
    assert fresh(subscription).state == State.ENDED
    assert Refund.objects.get(transaction=payment_of(subscription)).amount_minor == 1000

    assert services.stop_gateways(now=later) == 1
    [there] = sandbox.charges(str(payment_of(subscription).public_id))
    assert there["cancelled_at"]
    assert fresh(subscription).renewal_stopped_at == later
    assert services.stop_gateways(now=later + timedelta(days=1)) == 0


def test_two_that_are_both_paid_leave_one_and_the_other_goes_back(now: datetime) -> None:
    price = a_price()
    one = an_incomplete_one(now=now, price=price)
    two = an_incomplete_one(now=now, price=price, fan=one.fan)
    paid(two, now=now)
    paid(one, now=now)
    delivered(now=now)
    assert sorted([fresh(one).state, fresh(two).state]) == [State.ACTIVE, State.ENDED]
    assert Refund.objects.get().transaction_id == one.first_transaction_id


def test_a_capture_while_the_wallet_pays_for_another_goes_back(now: datetime) -> None:
    price = a_price()
    fan = a_subscriber("100.00", now=now)
    by_card = an_incomplete_one(now=now, price=price, fan=fan)
    by_wallet = subscribed(fan, price, now=now)
    paid(by_card, now=now)
    delivered(now=now)
    assert fresh(by_wallet).state == State.ACTIVE
    assert fresh(by_card).state == State.ENDED
    assert Refund.objects.get().amount_minor == 1000
    assert wallet_of(fan) == "90.00"


def test_money_on_its_way_is_waited_for(now: datetime) -> None:
    one, two = an_incomplete_one(now=now), an_incomplete_one(now=now)
    Transaction.objects.filter(pk=payment_of(one).pk).update(status=Status.PROCESSING)
    later = now + timedelta(hours=1)
    assert _expire(one, two, now=later) == 1
    assert (fresh(one).state, fresh(one).due_at) == (
        State.INCOMPLETE,
        later + timedelta(hours=1),
    )
    with pytest.raises(errors.AlreadySubscribed):
        subscribed(one.fan, price_of(one), now=later, method=Method.CARD)


def test_many_that_nobody_paid_end_in_one_statement(
    now: datetime, django_assert_max_num_queries: Any
) -> None:
    ones = [an_incomplete_one(now=now) for _ in range(3)]
    with django_assert_max_num_queries(8):
        assert _expire(*ones, now=now + timedelta(hours=1)) == 3
    assert {fresh(one).end_reason for one in ones} == {EndReason.INCOMPLETE}
    assert all(one.history.filter(what="ENDED").count() == 1 for one in ones)
    assert _expire(*ones, now=now + timedelta(hours=2)) == 0


def test_giving_up_before_paying_is_free(now: datetime) -> None:
    subscription = an_incomplete_one(now=now)
    services.cancel(subscription_id=subscription.public_id, fan=subscription.fan, now=now)
    assert fresh(subscription).state == State.ENDED
    paid(subscription, now=now)
    delivered(now=now)
    assert Refund.objects.get().amount_minor == 1000
