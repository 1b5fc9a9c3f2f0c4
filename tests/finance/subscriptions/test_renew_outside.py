"""Renewals by gateways themselves, and how one is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from apps.accounts.models import Profile, User
from apps.core import http
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund, Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import EndReason, RenewsBy, State
from apps.finance.subscriptions.models import DunningTry, Period, Subscription
from apps.finance.subscriptions.rules.periods import days_of
from apps.finance.subscriptions.selectors.timeline import coming_of
from apps.finance.subscriptions.services import renew_gateway
from apps.finance.subscriptions.services.reminders import hold_unreached
from apps.finance.subscriptions.services.stops import ASK_AGAIN, stop_gateways
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests import given
from tests.factories.payments import MerchantAccountFactory
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


def a_subscriber(name="crowd"):
    [fan] = crowd.subscribers(1, due=DUE, among=crowd.prices(1), wallet="", name=name)
    return Profile.objects.select_related("user", "cluster").get(pk=fan)


def of(fan):
    return Subscription.objects.get(fan=fan)


def renewals(fan):
    return Transaction.objects.filter(payer=fan, occasion="RENEWAL").order_by("id")


@pytest.fixture
def by_gateway(sandbox):
    return renewed_by_the_gateway(sandbox)


def renewed_by_the_gateway(sandbox, name="crowd"):
    fan = a_subscriber(name)
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
    assert of(by_gateway).current_until == DUE + 30 * DAY
    assert of(by_gateway).due_at == of(by_gateway).current_until + 3 * DAY
    assert Period.objects.get(subscription__fan=by_gateway, number=2).transaction_id == paid.pk


def close_the_creator(fan):
    User.objects.filter(pk=of(fan).creator.user_id).update(is_active=False)


def test_what_it_charged_for_a_creator_who_is_gone_goes_back_and_ends_it(sandbox, by_gateway):
    close_the_creator(by_gateway)
    tell(renew_gateway.record_renewal, news(by_gateway))
    it = of(by_gateway)
    assert (it.state, it.end_reason, it.period_number) == (
        State.ENDED, EndReason.CREATOR_GONE, 1
    )  # fmt: skip
    assert it.stop_due_at is not None
    assert Refund.objects.get().transaction_id == renewals(by_gateway).get().pk


def test_silence_about_a_creator_who_is_gone_is_an_end_too(sandbox, by_gateway):
    close_the_creator(by_gateway)
    billed = bill_due(now=DUE + 4 * DAY)
    assert (billed.ended, of(by_gateway).end_reason) == (1, EndReason.CREATOR_GONE)
    assert not DunningTry.objects.exists()


def test_what_it_charged_after_a_cancel_is_booked_given_back_and_stopped(sandbox, by_gateway):
    services.cancel(subscription_id=of(by_gateway).public_id, fan=by_gateway, now=DUE - 2 * DAY)
    tell(renew_gateway.record_renewal, news(by_gateway))
    paid = renewals(by_gateway).get()
    assert paid.status == Status.CAPTURED
    assert Refund.objects.get(transaction=paid).amount_minor == 10_00
    assert of(by_gateway).period_number == 1
    assert stop_gateways(now=NOW) == 1
    assert stop_gateways(now=NOW) == 0
    assert of(by_gateway).renewal_stopped_at == NOW


def test_silence_is_past_due_and_its_late_word_heals_it(sandbox, by_gateway):
    assert bill_due(now=DUE + 2 * DAY).touched == 0
    assert bill_due(now=DUE + 3 * DAY).declined == 1
    assert of(by_gateway).state == State.PAST_DUE
    tell(renew_gateway.record_renewal, news(by_gateway), now=DUE + 4 * DAY)
    assert (of(by_gateway).state, of(by_gateway).current_from) == (State.ACTIVE, DUE)
    assert of(by_gateway).current_until == DUE + 30 * DAY


def test_a_gateway_that_ends_renewals_lets_what_is_paid_be_used_up(sandbox, by_gateway):
    early = DUE - 5 * DAY
    tell(renew_gateway.record_renewals_end, news(by_gateway), now=early)
    assert (of(by_gateway).state, of(by_gateway).cancel_at_end) == (State.ACTIVE, True)
    told = Message.objects.get(kind="subscription.stopping")
    assert told.user_id == by_gateway.user_id
    assert told.context["access_until"] == f"{DUE:%Y-%m-%d}"
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
    told = Message.objects.get(kind="subscription.declined")
    assert (told.context["by_gateway"], told.context["next_try_on"]) == (True, "")


def test_nobody_is_told_of_a_decline_where_the_gateway_is_silent(sandbox, by_gateway):
    assert bill_due(now=DUE + 3 * DAY).declined == 1
    assert not Message.objects.filter(kind="subscription.declined").exists()


def test_a_notice_that_did_not_arrive_stops_it_at_the_gateway(sandbox, by_gateway):
    key = f"subscription:{of(by_gateway).pk}:renewal_ahead:1"
    for _ in range(2):
        with transaction.atomic():
            hold_unreached(kind="subscription.renewal_ahead", key=key, now=DUE - 5 * DAY)
    assert (of(by_gateway).cancel_at_end, of(by_gateway).held_why) == (True, "")
    assert Message.objects.filter(kind="subscription.stopping").count() == 1
    assert stop_gateways(now=DUE - 5 * DAY) == 1
    bill_due(now=NOW)
    assert (of(by_gateway).state, of(by_gateway).end_reason) == (
        State.ENDED,
        EndReason.GATEWAY,
    )


@pytest.mark.parametrize("charged", [1_00, 12_00])
def test_another_amount_than_was_agreed_pays_the_period_and_people_look(
    sandbox, by_gateway, charged
):
    tell(renew_gateway.record_renewal, news(by_gateway, amount=Money(charged, "USD")))
    assert of(by_gateway).period_number == 2
    line = of(by_gateway).history.get(what="NOTE")
    assert line.facts == {"charged": str(Money(charged, "USD")), "agreed": "10.00 USD"}
    later = DUE + 30 * DAY
    told = news(by_gateway, key="next", occurred_at=later)
    tell(renew_gateway.record_renewal, told, now=later)
    assert of(by_gateway).history.filter(what="NOTE").count() == 1


@pytest.mark.parametrize("months", [1, 3, 6])
def test_a_gateway_that_counts_days_never_comes_too_early(sandbox, by_gateway, months):
    days = days_of(months) * DAY
    Subscription.objects.filter(fan=by_gateway).update(months=months)
    for turn in range(40):
        told = news(by_gateway, key=f"renewal-{turn}", occurred_at=DUE + turn * days)
        tell(renew_gateway.record_renewal, told, now=told.occurred_at + DAY / 24)
    assert not Refund.objects.exists()
    it = of(by_gateway)
    assert (it.period_number, it.state) == (41, State.ACTIVE)
    assert it.current_until == DUE + 40 * days
    periods = list(Period.objects.filter(subscription=it).order_by("number")[1:])
    assert {each.until_at and each.until_at - each.from_at for each in periods} == {days}
    # Who pays another way then goes on in months from there.
    assert (it.anchored_at, it.anchored_number) == (it.current_until, 42)


def test_what_it_charges_twice_for_the_same_days_is_given_back_and_goes_on(sandbox, by_gateway):
    tell(renew_gateway.record_renewal, news(by_gateway))
    twice = news(by_gateway, key="twice", occurred_at=DUE + DAY)
    tell(renew_gateway.record_renewal, twice, now=DUE + DAY)
    [_, second] = renewals(by_gateway)
    assert Refund.objects.get().transaction == second
    assert of(by_gateway).period_number == 2
    assert stop_gateways(now=DUE + DAY) == 0


def test_a_gateway_that_charges_after_it_agreed_is_told_again(sandbox, by_gateway):
    services.cancel(subscription_id=of(by_gateway).public_id, fan=by_gateway, now=DUE - 2 * DAY)
    assert stop_gateways(now=DUE - DAY) == 1
    for turn in (1, 2):
        later = DUE + turn * 30 * DAY
        told = news(by_gateway, key=f"again-{turn}", occurred_at=later)
        tell(renew_gateway.record_renewal, told, now=later)
        assert of(by_gateway).renewal_stopped_at is None
        assert stop_gateways(now=later) == 1
    assert Refund.objects.count() == 2
    first = of(by_gateway).first_transaction
    stops = first.history.filter(reason="The gateway renews it no more")
    assert stops.count() == 3, "the gateway was asked each time"


def test_one_that_we_charge_is_not_renewed_by_a_gateway_beside_us(sandbox, by_gateway):
    Subscription.objects.filter(fan=by_gateway).update(renews_by=RenewsBy.WALLET)
    tell(renew_gateway.record_renewal, news(by_gateway, occurred_at=DUE - DAY), now=DUE)
    assert Refund.objects.get().amount_minor == 10_00
    assert of(by_gateway).period_number == 1
    assert stop_gateways(now=NOW) == 1
    [there] = sandbox.charges(str(of(by_gateway).first_transaction.public_id))
    assert there["cancelled_at"]


# --- Moving off a gateway ---
def a_gateway_refuses_to_stop(sandbox, *, key="cancelSubscription", times=0):
    sandbox.scenario("datalink", key=key, fail="code_before", code="-9", times=times)


def pays_from_the_wallet(fan, now):
    given.a_funded_wallet(fan, "50.00", now=now)
    return services.change_means(subscription_id=of(fan).public_id, fan=fan, to="WALLET", now=now)


def test_who_pays_another_way_goes_on_when_the_gateway_says_it_charges_no_more(
    sandbox, by_gateway
):
    moved = pays_from_the_wallet(by_gateway, DUE - 5 * DAY)
    assert (moved.renews_by, moved.stop_due_at, moved.due_at) == ("WALLET", None, DUE)
    tell(renew_gateway.record_renewals_end, news(by_gateway), now=DUE - 4 * DAY)
    assert not of(by_gateway).cancel_at_end
    assert bill_due(now=NOW).renewed == 1
    assert (of(by_gateway).state, of(by_gateway).period_number) == (State.ACTIVE, 2)
    assert not Refund.objects.exists()


def test_what_its_gateway_gave_up_goes_on_paid_another_way(sandbox, by_gateway):
    tell(renew_gateway.record_renewals_end, news(by_gateway), now=DUE - 5 * DAY)
    assert of(by_gateway).cancel_at_end
    moved = pays_from_the_wallet(by_gateway, DUE - 4 * DAY)
    assert (moved.cancel_at_end, moved.due_at) == (False, DUE)
    assert bill_due(now=NOW).renewed == 1


@pytest.mark.parametrize("state", ["ACTIVE", "PAST_DUE"])
def test_while_the_gateway_has_not_agreed_it_goes_first(sandbox, by_gateway, state):
    early = DUE - 5 * DAY
    if state == "PAST_DUE":
        bill_due(now=DUE + 3 * DAY)
        early = DUE + 3 * DAY
    a_gateway_refuses_to_stop(sandbox, times=1)
    moved = pays_from_the_wallet(by_gateway, early)
    assert moved.renews_by == RenewsBy.WALLET
    assert moved.renewal_stopped_at is None
    assert bill_due(now=max(early, NOW)).touched == 0, "it might charge"

    assert stop_gateways(now=early + ASK_AGAIN) == 1, "the next tick carries it through"
    assert bill_due(now=max(early + ASK_AGAIN, NOW)).renewed == 1
    assert not Refund.objects.exists()


def test_what_the_gateway_charges_before_it_agrees_is_the_next_period(sandbox, by_gateway):
    a_gateway_refuses_to_stop(sandbox)
    pays_from_the_wallet(by_gateway, DUE - 5 * DAY)
    tell(renew_gateway.record_renewal, news(by_gateway))
    assert bill_due(now=NOW).touched == 0
    assert (of(by_gateway).period_number, Refund.objects.count()) == (2, 0)


def test_a_gateway_that_never_agrees_does_not_keep_us_from_charging(sandbox, by_gateway):
    a_gateway_refuses_to_stop(sandbox)
    pays_from_the_wallet(by_gateway, DUE - 5 * DAY)
    assert bill_due(now=DUE + 3 * DAY).renewed == 1


def test_those_who_do_not_agree_step_aside_for_the_others(sandbox, by_gateway):
    other = renewed_by_the_gateway(sandbox, "other")
    for fan in (by_gateway, other):
        services.cancel(subscription_id=of(fan).public_id, fan=fan, now=DUE - 2 * DAY)
    stubborn = of(by_gateway).first_transaction.gateway_reference
    a_gateway_refuses_to_stop(sandbox, key=stubborn)
    assert stop_gateways(now=DUE, limit=1) == 0
    assert stop_gateways(now=DUE, limit=1) == 1, "the second one had its turn"
    assert of(other).renewal_stopped_at == DUE
    assert of(by_gateway).stop_due_at == DUE + ASK_AGAIN
    shown = coming_of(of(by_gateway), now=DUE)
    assert (DUE + ASK_AGAIN, "Its gateway is asked to stop") in [(it.at, it.what) for it in shown]
    assert "stop" not in " ".join(it.what for it in coming_of(of(other), now=DUE))
