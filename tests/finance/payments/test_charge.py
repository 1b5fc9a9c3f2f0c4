"""Charges we start: one try is sent once, and whatever happens on the way the truth comes out."""

from __future__ import annotations

import importlib
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from apps.core import http
from apps.core.sealing import unseal
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import Attempt, MerchantAccount, PaymentMethod, Transaction
from apps.finance.payments.rules.waiting import ASK_AFTER_SILENCE
from apps.finance.payments.services.move import cancel
from sandbox.faults import FaultProxy
from tests.factories.accounts import ProfileFactory
from tests.finance.payments.charging import (
    DECLINED,
    a_token,
    an_account,
    by_fields,
    by_means,
    call_through,
    sales_of,
    stored_means,
    wallet,
)
from tests.sandbox.fixtures import free_port

charging_service = importlib.import_module("apps.finance.payments.services.charge")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def whole_breakers():
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def fan(sandbox):
    profile = ProfileFactory.create()
    an_account(profile)
    return profile


@pytest.fixture
def proxy(sandbox):
    port = int(sandbox.url.rsplit(":", 1)[1])
    with FaultProxy(port) as between:
        yield between


def ask_until_it_is_clear(payment, now, times=8):
    """Run the janitor as its clock would, until it wants nothing any more."""
    for _ in range(times):
        http.reset_breakers()
        payments.resolve_stale(now=now)
        payment.refresh_from_db()
        if payment.next_look_up_at is None:
            return payment
        now = max(now, payment.next_look_up_at) + timedelta(seconds=1)
    return payment


class TestByTheGatewaysFields:
    def test_the_payer_gets_what_the_fields_need_and_no_secret(self, fan, settings, now):
        opened = payments.open_checkout(transaction=by_fields(fan, now=now), now=now)

        known = settings.GATEWAY_CREDENTIALS["nmi"]
        assert opened.fields["tokenization_key"] == known["tokenization_key"]
        assert known["security_key"] not in str(Attempt.objects.values())

    def test_a_card_is_charged_once_and_booked_once(self, sandbox, fan, now):
        payment = by_fields(fan, now=now)
        token = a_token(sandbox)

        done = payments.charge(transaction=payment, now=now, one_time=token)
        again = payments.charge(transaction=payment, now=now, one_time=token)

        assert done.status == again.status == Status.CAPTURED
        assert (wallet(fan), len(sales_of(sandbox, payment))) == (50_00, 1)
        attempt = payment.attempts.get()
        assert (attempt.status, attempt.reference) == (
            AttemptStatus.PAID,
            done.gateway_reference,
        )

    def test_after_a_decline_another_card_is_another_try(self, sandbox, fan, now):
        payment = by_fields(fan, now=now)

        failed = payments.charge(transaction=payment, now=now, one_time=a_token(sandbox, DECLINED))
        assert (failed.status, wallet(fan)) == (Status.FAILED, 0)
        done = payments.charge(transaction=payment, now=now, one_time=a_token(sandbox))

        assert (done.status, wallet(fan)) == (Status.CAPTURED, 50_00)
        tries = payment.attempts.order_by("number").values_list("number", "status")
        assert list(tries) == [(1, AttemptStatus.DECLINED), (2, AttemptStatus.PAID)]

    def test_a_means_is_kept_only_where_the_payer_wants_it(self, sandbox, fan, now):
        plain = by_fields(fan, now=now)
        payments.charge(transaction=plain, now=now, one_time=a_token(sandbox))
        assert not PaymentMethod.objects.exists()

        means = stored_means(sandbox, fan, now=now)

        token = unseal(means.sealed_token, purpose="payments.means")
        assert token not in str(PaymentMethod.objects.values())
        assert token.split(":")[0] not in str(list(Attempt.objects.values("sent", "reference")))
        assert means.is_default


class TestByAStoredMeans:
    def test_is_charged_once_and_booked_once(self, sandbox, fan, now):
        means = stored_means(sandbox, fan, now=now)
        payment = by_means(means, now=now)

        for _ in range(2):
            done = payments.charge(transaction=payment, now=now)

        assert done.status == Status.CAPTURED
        assert (wallet(fan), len(sales_of(sandbox, payment))) == (100_00, 1)

    def test_eight_callers_at_once_charge_once(self, sandbox, fan, now):
        payment = by_means(stored_means(sandbox, fan, now=now), now=now)
        gate = threading.Barrier(8)

        def call():
            gate.wait()
            payments.charge(transaction=payment, now=now)
            connection.close()

        threads = [threading.Thread(target=call) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        payment.refresh_from_db()
        assert (payment.status, wallet(fan)) == (Status.CAPTURED, 100_00)
        assert len(sales_of(sandbox, payment)) == 1

    def test_a_removed_one_is_forgotten_and_charges_nothing(self, sandbox, fan, now):
        means = stored_means(sandbox, fan, now=now)
        payments.remove_means(profile=fan, public_id=means.public_id, now=now)

        means.refresh_from_db()
        assert (means.sealed_token, means.is_default) == ("", False)

    def test_a_page_is_not_charged(self, sandbox, fan, now):
        payment = by_fields(fan, now=now)
        with pytest.raises(errors.WrongState):
            payments.charge(transaction=payment, now=now)
        assert (wallet(fan), payment.attempts.get().status) == (0, AttemptStatus.CREATED)


class TestOnABrokenLine:
    @pytest.fixture
    def payment(self, sandbox, fan, now):
        return by_means(stored_means(sandbox, fan, now=now), now=now)

    def test_nothing_sent_is_nothing_charged(self, sandbox, payment, fan, now):
        call_through(f"http://127.0.0.1:{free_port()}")

        failed = payments.charge(transaction=payment, now=now)

        assert (failed.status, failed.failure_code) == (Status.FAILED, "not_reached")
        assert (wallet(fan), sales_of(sandbox, payment)) == (50_00, [])

    @pytest.mark.parametrize("fault", ["lose", "half"])
    def test_a_lost_answer_is_unknown_and_then_the_truth(
        self, sandbox, proxy, payment, now, fault
    ):
        fan = payment.payer
        call_through(proxy.url)
        proxy.plan(fault)

        unknown = payments.charge(transaction=payment, now=now)
        repeated = payments.charge(transaction=payment, now=now)

        assert unknown.status == repeated.status == Status.UNKNOWN
        assert (wallet(fan), len(sales_of(sandbox, payment))) == (50_00, 1)
        known = ask_until_it_is_clear(payment, now + ASK_AFTER_SILENCE)
        assert (known.status, wallet(fan)) == (Status.CAPTURED, 100_00)
        assert len(sales_of(sandbox, payment)) == 1

    def test_a_lost_request_is_unknown_and_then_never_made(
        self, sandbox, proxy, payment, fan, now
    ):
        call_through(proxy.url)
        proxy.plan("swallow")

        unknown = payments.charge(transaction=payment, now=now)

        assert unknown.status == Status.UNKNOWN
        known = ask_until_it_is_clear(payment, now + ASK_AFTER_SILENCE)
        assert (known.status, known.failure_code) == (Status.FAILED, "never_made")
        assert (wallet(fan), sales_of(sandbox, payment)) == (50_00, [])

    def test_one_that_cannot_be_booked_goes_to_staff_and_stops_nobody_else(
        self, sandbox, proxy, payment, staff, now
    ):
        """Its answer is known, but the payer's wallet is frozen: it is the oldest of those due."""
        other = ProfileFactory.create(cluster=payment.cluster)
        behind = by_fields(other, now=now)
        call_through(proxy.url)
        for each, token in ((payment, None), (behind, a_token(sandbox))):
            proxy.plan("lose")
            payments.charge(transaction=each, now=now, one_time=token)
        frozen = Account.objects.get(owner=postings.wallet(payment.payer_id).owner)
        ledger.freeze_account(account_id=frozen.pk, by=staff("admin"), reason="Order", now=now)

        payments.resolve_stale(now=now + ASK_AFTER_SILENCE)

        behind.refresh_from_db()
        payment.refresh_from_db()
        assert (behind.status, wallet(other)) == (Status.CAPTURED, 50_00)
        assert (payment.status, wallet(payment.payer)) == (Status.UNKNOWN, 50_00)
        assert (payment.next_look_up_at, payment.claimed_until) == (None, None)
        assert payment.history.latest("id").facts["why"] == "ledger.account_closed"

    def test_without_our_secrets_nobody_is_asked_and_nobody_else_is_stopped(
        self, proxy, payment, settings, now
    ):
        call_through(proxy.url)
        proxy.plan("lose")
        payments.charge(transaction=payment, now=now)
        settings.GATEWAY_CREDENTIALS = {}

        payments.resolve_stale(now=now + ASK_AFTER_SILENCE)

        payment.refresh_from_db()
        assert (payment.status, payment.look_ups) == (Status.UNKNOWN, 1)

    @pytest.fixture
    def kept_twice(self, sandbox, payment, fan, now):
        """The same card at a second, cheaper account as well."""
        MerchantAccount.objects.update(cost_bps=500)
        second = an_account(fan, credentials="nmi-boyfanz")
        other = by_fields(fan, now=now, key="two", keep=True)
        payments.charge(transaction=other, now=now, one_time=a_token(sandbox))
        assert other.attempts.get().merchant_account == second
        PaymentMethod.objects.update(brand="visa", last4="1111", expires="2030-12")
        return second

    def test_the_same_card_kept_elsewhere_pays_when_nothing_was_sent(
        self, sandbox, payment, kept_twice, now
    ):
        fan = payment.payer
        call_through(f"http://127.0.0.1:{free_port()}")

        done = payments.charge(transaction=payment, now=now)

        assert (done.status, wallet(fan)) == (Status.CAPTURED, 150_00)
        assert done.merchant_account == kept_twice
        tries = payment.attempts.order_by("number").values_list("status", flat=True)
        assert list(tries) == [AttemptStatus.NOT_SENT, AttemptStatus.PAID]
        assert len(sales_of(sandbox, payment)) == 1

    @pytest.mark.usefixtures("kept_twice")
    def test_an_unknown_outcome_is_never_tried_elsewhere(self, sandbox, proxy, payment, now):
        call_through(proxy.url)
        proxy.plan("lose")

        assert payments.charge(transaction=payment, now=now).status == Status.UNKNOWN

        assert payment.attempts.get().status == AttemptStatus.UNKNOWN
        assert len(sales_of(sandbox, payment)) == 1

    def test_cut_off_between_two_tries_the_repeated_request_sends_the_second(
        self, sandbox, payment, kept_twice, now, monkeypatch
    ):
        """What a killed process leaves: the first try ended, the second written down."""
        call_through(f"http://127.0.0.1:{free_port()}")
        claim, claims = charging_service._claim, []

        def once(*given):
            claims.append(given)
            if len(claims) == 2:
                raise KeyboardInterrupt
            return claim(*given)

        monkeypatch.setattr(charging_service, "_claim", once)
        with pytest.raises(KeyboardInterrupt):
            payments.charge(transaction=payment, now=now)
        monkeypatch.setattr(charging_service, "_claim", claim)
        payment.refresh_from_db()
        assert (payment.status, sales_of(sandbox, payment)) == (Status.PROCESSING, [])

        for _ in range(2):
            done = payments.charge(transaction=payment, now=now)

        assert (done.status, done.merchant_account) == (Status.CAPTURED, kept_twice)
        assert len(sales_of(sandbox, payment)) == 1

    def test_money_taken_after_the_payment_was_given_up_is_captured(
        self, sandbox, proxy, payment, now
    ):
        fan = payment.payer
        call_through(proxy.url)
        proxy.plan("slow", seconds=2.0)

        def call():
            payments.charge(transaction=payment, now=now)
            connection.close()

        caller = threading.Thread(target=call)
        caller.start()
        while not sales_of(sandbox, payment):
            time.sleep(0.02)
        with transaction.atomic():
            locked = Transaction.objects.select_for_update().get(pk=payment.pk)
            cancel(transaction=locked, now=now, reason="The gateway said so")
        caller.join()

        payment.refresh_from_db()
        assert (payment.status, wallet(fan)) == (Status.CAPTURED, 100_00)
        assert len(sales_of(sandbox, payment)) == 1
