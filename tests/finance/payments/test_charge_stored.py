"""Renewals by a stored means: one thing is charged once, and what networks forbid is not sent."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections, connection, transaction

from apps.core import http
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, AttemptStatus, Method, Occasion, Status
from apps.finance.payments.models import Attempt, Transaction
from apps.finance.payments.rules.declines import Retry, retry_class
from apps.finance.payments.rules.spending import Per
from apps.finance.payments.services.purchase import wish_of
from apps.finance.payments.services.start import begin
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.charging import an_account, sales_of, stored_means
from tests.finance.payments.selling import a_purchase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def whole_breakers():
    http.reset_breakers()
    yield
    http.reset_breakers()


@pytest.fixture
def creator():
    return CreatorFactory.create()


@pytest.fixture
def means(sandbox, now):
    fan = ProfileFactory.create()
    an_account(fan)
    return stored_means(sandbox, fan, now=now)


def renewal(means, creator, **more):
    given = {
        "occasion": Occasion.RENEWAL,
        "subject": "subscription:7:period:2",
        "idempotency_key": "renewal:7:2",
        **more,
    }
    return a_purchase(means.profile, creator, "10.00", **given)


def charge(means, creator, now, attempt="1", **more):
    return payments.charge_stored(
        renewal(means, creator, **more), means=means.pk, now=now, attempt_key=attempt
    )


def issuers_say(sandbox, code):
    sandbox.control("peers/nmi/issuer", code=code)


def renewals(fan):
    return Transaction.objects.filter(payer=fan, subject__gt="")


class TestCharged:
    def test_without_its_payer_and_booked_as_a_renewal(self, sandbox, means, creator, now):
        paid = charge(means, creator, now)

        assert paid.status == Status.CAPTURED
        assert (paid.subject, paid.occasion) == ("subscription:7:period:2", "RENEWAL")
        [sale] = sales_of(sandbox, paid)
        assert sale["amount"] == "10.00"
        assert sale["given"]["initiated_by"] == "merchant"
        assert Entry.objects.latest("id").kind == "RENEWAL_CARD"
        assert ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor == 8_00

    def test_again_by_the_same_or_another_name_is_charged_once(self, sandbox, means, creator, now):
        first = charge(means, creator, now)
        assert charge(means, creator, now).pk == first.pk
        assert charge(means, creator, now, attempt="2").pk == first.pk
        assert renewals(means.profile).count() == 1
        assert len(sales_of(sandbox, first)) == 1

    def test_the_next_period_is_another_thing(self, sandbox, means, creator, now):
        charge(means, creator, now)
        later = charge(
            means, creator, now, subject="subscription:7:period:3", idempotency_key="renewal:7:3"
        )
        assert later.status == Status.CAPTURED
        assert renewals(means.profile).count() == 2

    def test_two_at_once_charge_once(self, sandbox, means, creator, now):
        results, start = [], threading.Barrier(2)

        def work(attempt):
            try:
                start.wait(timeout=20)
                results.append(charge(means, creator, now, attempt=attempt).pk)
            finally:
                close_old_connections()
                connection.close()

        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

        assert len(set(results)) == 1
        assert len(results) == 2
        assert len(sales_of(sandbox, renewals(means.profile).get())) == 1

    def test_a_try_that_a_crash_left_unsent_is_sent(self, sandbox, means, creator, now):
        wish = wish_of(
            renewal(means, creator, idempotency_key="renewal:7:2:1"),
            Method.CARD,
            pay_by=payments.PayBy(kind=AttemptKind.STORED, means=means),
        )
        with transaction.atomic():
            left = begin(wish, now=now)
        assert isinstance(left, Transaction)
        assert left.status == Status.CREATED

        paid = charge(means, creator, now + timedelta(minutes=1))

        assert (paid.pk, paid.status) == (left.pk, Status.CAPTURED)


class TestDeclined:
    def test_a_soft_decline_is_tried_again_by_another_name(self, sandbox, means, creator, now):
        issuers_say(sandbox, "202")
        failed = charge(means, creator, now)
        assert (failed.status, failed.failure_code) == (Status.FAILED, "202")
        assert charge(means, creator, now).pk == failed.pk
        issuers_say(sandbox, "")
        paid = charge(means, creator, now + timedelta(days=1), attempt="2")
        assert (paid.status, paid.pk == failed.pk) == (Status.CAPTURED, False)

    def test_a_hard_one_is_never_sent_again(self, sandbox, means, creator, now):
        issuers_say(sandbox, "252")
        failed = charge(means, creator, now)
        assert failed.failure_code == "252"
        issuers_say(sandbox, "")
        with pytest.raises(errors.NeverAgain):
            charge(means, creator, now + timedelta(days=1), attempt="2")
        assert Attempt.objects.filter(transaction__subject__gt="").count() == 1
        assert ledger.balance_of(postings.creator_payable(creator.pk), "USD").minor == 0

    def test_sixteen_declines_in_thirty_days_are_enough(self, sandbox, means, creator, now):
        issuers_say(sandbox, "202")
        first = charge(means, creator, now)
        tried = Attempt.objects.get(transaction=first)
        for number in range(2, 17):
            tried.pk, tried.number, tried.key = None, number, f"more-{number}"
            tried.save(force_insert=True)
        assert Attempt.objects.filter(status=AttemptStatus.DECLINED).count() == 16
        with pytest.raises(errors.NeverAgain):
            charge(means, creator, now + timedelta(days=1), attempt="17")
        issuers_say(sandbox, "")
        later = charge(means, creator, now + timedelta(days=31), attempt="17")
        assert later.status == Status.CAPTURED


class TestRefused:
    def test_a_removed_means_and_anothers(self, means, creator, now):
        stranger = ProfileFactory.create()
        with pytest.raises(errors.MeansNotFound):
            payments.charge_stored(
                a_purchase(stranger, creator), means=means.pk, now=now, attempt_key="1"
            )
        payments.remove_means(profile=means.profile, public_id=means.public_id, now=now)
        with pytest.raises(errors.MeansNotFound):
            charge(means, creator, now)
        assert not Transaction.objects.filter(subject__gt="").exists()

    def test_a_spending_limit_holds(self, sandbox, means, creator, now):
        payments.set_spending_limit(
            profile=means.profile, per=Per.DAY, amount=Money(999, "USD"), currency="USD",
            by=means.profile.user, now=now,
        )  # fmt: skip
        with pytest.raises(errors.SpendingLimitReached):
            charge(means, creator, now)
        assert not renewals(means.profile).exists()

    def test_it_must_not_hold_a_transaction_open(self, means, creator, now):
        with transaction.atomic(), pytest.raises(RuntimeError):
            charge(means, creator, now)


@pytest.mark.parametrize(
    ("gateway", "code", "advice", "told"),
    [
        ("nmi", "202", "", Retry.LATER),
        ("nmi", "252", "", Retry.NEVER),
        ("nmi", "223", "", Retry.PAYER),
        ("segpay", "91", "", Retry.LATER),
        ("segpay", "43", "", Retry.NEVER),
        ("segpay", "51", "03", Retry.NEVER),  # Mastercard: do not try again
        ("segpay", "51", "21", Retry.NEVER),  # the payer ended the recurring payment
        ("segpay", "51", "01", Retry.PAYER),
        ("segpay", "54", "02", Retry.LATER),
        ("segpay", "43", "02", Retry.NEVER),
        ("ccbill", "nonsense", "", Retry.NEVER),
        ("nmi", "not_reached", "", Retry.LATER),
        ("nmi", "removed", "", Retry.PAYER),
        ("nmi", "refused", "", Retry.PAYER),
    ],
)
def test_what_may_follow_a_decline_without_the_payer(gateway, code, advice, told):
    assert retry_class(gateway, code, advice=advice) is told


@pytest.mark.parametrize(
    "code", ["04", "07", "12", "15", "41", "43", "46", "57", "R0", "R1", "R3"]
)
def test_visas_first_category_is_never_tried_again(code):
    assert retry_class("segpay", code) is Retry.NEVER
