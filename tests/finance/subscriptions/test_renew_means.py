"""Renewals by a stored means that we charge while its owner is away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from apps.accounts.models import Profile
from apps.core import http
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.spending import Per
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import EndReason, PeriodState, RenewsBy, State
from apps.finance.subscriptions.models import DunningTry, Period, Subscription
from apps.finance.subscriptions.services import renew_means, runs
from apps.finance.subscriptions.services.outcomes import record_outcome
from apps.finance.subscriptions.services.tick import bill_due
from tests.finance.payments.charging import an_account, sales_of, stored_means
from tests.finance.subscriptions import crowd

pytestmark = pytest.mark.django_db(transaction=True)

DUE = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOW = DUE + timedelta(minutes=3)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def whole_breakers():
    http.reset_breakers()
    yield
    http.reset_breakers()


def a_subscriber(name="crowd"):
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1), wallet="", name=name)
    return Profile.objects.select_related("user", "cluster").get(pk=fan)


def of(fan):
    return Subscription.objects.get(fan=fan)


def renewals(fan):
    return Transaction.objects.filter(payer=fan, occasion="RENEWAL").order_by("id")


@pytest.fixture
def by_card(sandbox):
    fan = a_subscriber()
    an_account(fan)
    means = stored_means(sandbox, fan, now=DUE - 20 * DAY)
    Subscription.objects.filter(fan=fan).update(renews_by=RenewsBy.MEANS, means=means)
    return fan


def issuers_say(sandbox, code):
    sandbox.control("peers/nmi/issuer", code=code)


def claimed(now):
    run = runs.begin_run(now=now)
    [(_, charges)] = renew_means._claimed(run, now, 20)
    return run, charges


def test_the_card_is_charged_once_and_the_period_begins(sandbox, by_card):
    billed = bill_due(now=NOW)

    assert (billed.renewed, dict(billed.money)) == (1, {"USD": 10_00})
    paid = renewals(by_card).get()
    assert (paid.status, paid.amount_minor) == (Status.CAPTURED, 10_00)
    assert len(sales_of(sandbox, paid)) == 1
    period = Period.objects.get(subscription__fan=by_card, number=2)
    assert (period.state, period.transaction_id) == (PeriodState.PAID, paid.pk)
    assert (of(by_card).period_number, of(by_card).claimed_until) == (2, None)
    assert bill_due(now=NOW + DAY).touched == 0


def test_a_soft_decline_is_tried_on_the_next_day_of_the_schedule(sandbox, by_card):
    issuers_say(sandbox, "202")
    assert bill_due(now=NOW).declined == 1
    assert (of(by_card).state, of(by_card).due_at) == (State.PAST_DUE, NOW + DAY)
    issuers_say(sandbox, "")
    assert bill_due(now=NOW + DAY).renewed == 1
    assert of(by_card).state == State.ACTIVE
    assert [each.status for each in renewals(by_card)] == [Status.FAILED, Status.CAPTURED]


def test_after_a_hard_decline_the_card_is_never_tried_again(sandbox, by_card):
    issuers_say(sandbox, "250")
    for day in range(15):
        bill_due(now=NOW + day * DAY)
    assert renewals(by_card).count() == 1
    assert DunningTry.objects.get().decline_class == "NEVER"
    assert (of(by_card).state, of(by_card).end_reason) == (State.ENDED, EndReason.UNPAID)
    assert of(by_card).ended_at == NOW + 14 * DAY


def test_a_limit_the_fan_set_is_waited_for_until_it_is_set_back(sandbox, by_card):
    payments.set_spending_limit(
        profile=by_card, per=Per.DAY, amount=Money.of("5.00", "USD"), currency="USD",
        by=by_card.user, now=DUE - DAY,
    )  # fmt: skip
    assert bill_due(now=NOW).declined == 1
    tried = DunningTry.objects.get()
    assert (tried.decline_class, tried.code) == ("LATER", "payments.spending_limit_reached")
    assert of(by_card).due_at == NOW + DAY
    assert not renewals(by_card).exists()


def test_cancelled_between_claim_and_charge_nothing_is_sent(sandbox, by_card):
    run, [charge] = claimed(NOW)
    services.cancel(subscription_id=of(by_card).public_id, fan=by_card, now=NOW)
    renew_means._charge_one(charge, run=run, clock=lambda: NOW)
    assert not renewals(by_card).exists()
    bill_due(now=NOW + renew_means.LEASE)
    assert (of(by_card).state, of(by_card).end_reason) == (State.ENDED, EndReason.CANCELLED)
    assert Period.objects.get(subscription__fan=by_card, number=2).state == PeriodState.UNPAID


def test_what_was_taken_after_the_cancel_is_given_back(sandbox, by_card):
    _, [charge] = claimed(NOW)
    services.cancel(subscription_id=of(by_card).public_id, fan=by_card, now=NOW)
    paid = payments.charge_stored(
        renew_means._purchase(charge),
        means=charge.due.means_id,
        now=NOW + timedelta(seconds=2),
        attempt_key="try:1",
    )
    assert paid.status == Status.CAPTURED
    for _ in range(2):
        with transaction.atomic():
            assert not record_outcome(transaction_id=paid.pk, now=NOW).renewed
    refund = Refund.objects.get(transaction=paid)
    assert refund.amount_minor == 10_00
    bill_due(now=NOW + timedelta(seconds=3))
    assert (of(by_card).state, of(by_card).period_number) == (State.ENDED, 1)


def test_what_was_cancelled_while_the_gateway_answered_is_given_back(sandbox, by_card):
    """The tick began before the cancellation; the charge it made is dated after."""
    later = iter([NOW, NOW + timedelta(seconds=3)])

    def clock():
        moment = next(later, NOW + timedelta(seconds=4))
        if moment == NOW + timedelta(seconds=3):
            services.cancel(
                subscription_id=of(by_card).public_id, fan=by_card, now=NOW + timedelta(seconds=2)
            )
        return moment

    assert bill_due(now=NOW, clock=clock).renewed == 0
    paid = renewals(by_card).get()
    assert paid.captured_at == NOW + timedelta(seconds=3)
    assert Refund.objects.get(transaction=paid).amount_minor == 10_00
    assert of(by_card).period_number == 1


@pytest.mark.parametrize("sent", [False, True])
def test_a_worker_that_died_after_its_claim_charges_nothing_twice(sandbox, by_card, sent):
    _, [charge] = claimed(NOW)
    if sent:
        payments.charge_stored(
            renew_means._purchase(charge), means=charge.due.means_id, now=NOW, attempt_key="try:1"
        )
    assert bill_due(now=NOW + renew_means.LEASE - DAY / 1440).touched == 0, "it is claimed"
    # Where it was sent, payments' news have begun the period before the next worker looks.
    assert bill_due(now=NOW + renew_means.LEASE).renewed == (0 if sent else 1)
    assert len(sales_of(sandbox, renewals(by_card).get())) == 1
    assert of(by_card).current_from == DUE


def test_a_card_that_was_removed_waits_for_its_fan(sandbox, by_card):
    Subscription.objects.filter(fan=by_card).update(means=None)
    assert bill_due(now=NOW).declined == 1
    assert DunningTry.objects.get().decline_class == "PAYER"
    assert of(by_card).due_at == NOW + 14 * DAY
