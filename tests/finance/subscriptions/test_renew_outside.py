"""Renewals outside the wallet: by a stored means that we charge, and by gateways themselves."""

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
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import EndReason, PeriodState, RenewsBy, State
from apps.finance.subscriptions.models import DunningTry, Period, Subscription
from apps.finance.subscriptions.services import renew_gateway, renew_means, runs
from apps.finance.subscriptions.services.outcomes import record_outcome
from apps.finance.subscriptions.services.tick import bill_due
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.charging import an_account, sales_of, stored_means
from tests.finance.payments.selling import a_purchase
from tests.finance.payments.test_gateway_renewals import heard
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


def a_subscriber():
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1), wallet="")
    return Profile.objects.select_related("user", "cluster").get(pk=fan)


def of(fan):
    return Subscription.objects.get(fan=fan)


def renewals(fan):
    return Transaction.objects.filter(payer=fan, occasion="RENEWAL").order_by("id")


# --- By a stored means ---
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


def test_cancelled_between_claim_and_charge_nothing_is_sent(sandbox, by_card):
    run, [charge] = claimed(NOW)
    services.cancel(subscription_id=of(by_card).public_id, fan=by_card, now=NOW)
    renew_means._charge_one(charge, run=run, now=NOW)
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


# --- By the gateway ---
@pytest.fixture
def by_gateway(sandbox):
    fan = a_subscriber()
    MerchantAccountFactory.of(fan.cluster)
    began = DUE - 31 * DAY
    sale = payments.start_sale(
        a_purchase(fan, of(fan).creator, "10.00", subject=f"subscription:{of(fan).pk}:period:9"),
        now=began,
        renews=payments.Renews(Money(10_00, "USD"), first_days=30, days=30),
    )
    sandbox.pay(payments.checkout_url(transaction=sale, now=began))
    heard(sandbox, began)
    Subscription.objects.filter(fan=fan).update(
        renews_by=RenewsBy.GATEWAY, first_transaction=sale, due_at=DUE + 3 * DAY
    )
    return fan


def news(fan, key="ccbill:RenewalSuccess:1", **more):
    given = {
        "gateway": "ccbill",
        "first": of(fan).first_transaction_id,
        "reference": "0912345",
        "gateway_transaction": f"t-{key}",
        "amount": Money(10_00, "USD"),
        "occurred_at": DUE,
        "reason": "",
        **more,
    }
    return renew_gateway.News(key=key, **given)


def tell(what, told, now=NOW):
    with transaction.atomic():
        what(told, now=now)


def test_what_the_gateway_charged_begins_the_period_once(sandbox, by_gateway):
    for _ in range(2):
        tell(renew_gateway.record_renewal, news(by_gateway))
    paid = renewals(by_gateway).get()
    assert (of(by_gateway).period_number, of(by_gateway).state) == (2, State.ACTIVE)
    assert of(by_gateway).current_until == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert of(by_gateway).due_at == of(by_gateway).current_until + 3 * DAY
    assert Period.objects.get(subscription__fan=by_gateway, number=2).transaction_id == paid.pk


def test_what_it_charged_after_a_cancel_is_booked_given_back_and_stopped(sandbox, by_gateway):
    services.cancel(subscription_id=of(by_gateway).public_id, fan=by_gateway, now=DUE - 2 * DAY)
    tell(renew_gateway.record_renewal, news(by_gateway))
    paid = renewals(by_gateway).get()
    assert paid.status == Status.CAPTURED
    assert Refund.objects.get(transaction=paid).amount_minor == 10_00
    assert of(by_gateway).period_number == 1
    assert renew_gateway.stop_gateways(now=NOW) == 1
    assert renew_gateway.stop_gateways(now=NOW) == 0
    assert of(by_gateway).renewal_stopped_at == NOW


def test_silence_is_past_due_and_its_late_word_heals_it(sandbox, by_gateway):
    assert bill_due(now=DUE + 2 * DAY).touched == 0
    assert bill_due(now=DUE + 3 * DAY).declined == 1
    assert of(by_gateway).state == State.PAST_DUE
    tell(renew_gateway.record_renewal, news(by_gateway), now=DUE + 4 * DAY)
    assert (of(by_gateway).state, of(by_gateway).current_from) == (State.ACTIVE, DUE)


def test_a_gateway_that_ends_renewals_lets_what_is_paid_be_used_up(sandbox, by_gateway):
    early = DUE - 5 * DAY
    tell(renew_gateway.record_renewals_end, news(by_gateway), now=early)
    assert (of(by_gateway).state, of(by_gateway).cancel_at_end) == (State.ACTIVE, True)
    bill_due(now=NOW)
    assert (of(by_gateway).state, of(by_gateway).end_reason) == (
        State.ENDED,
        EndReason.GATEWAY,
    )


def test_a_gateway_that_could_not_charge_is_told_to_the_fan_once(sandbox, by_gateway):
    failed = news(by_gateway, key="ccbill:RenewalFailure:1", reason="BE-119")
    for _ in range(2):
        tell(renew_gateway.record_renewal_failure, failed)
    assert DunningTry.objects.get().decline_class == "LATER"
    assert of(by_gateway).state == State.PAST_DUE
