"""Declined, abandoned and silent payments end in a clear state; late words still end right."""

from contextlib import suppress
from datetime import timedelta
from http.client import HTTPException

import pytest

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.adapters.base import LookedUp, Sale
from apps.finance.payments.choices import AttemptStatus, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.waiting import LEASE, LOOK_UP_AFTER, MOST_LOOK_UPS
from apps.finance.payments.services import resolve
from apps.finance.payments.services.abandon import end_abandoned
from tests import given
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory, failure_fields
from tests.sandbox.control import APPROVE, DECLINE, SOFT_DECLINE, TIMEOUT

pytestmark = pytest.mark.django_db

SALE = given.SALE


def booked(transaction):
    return ledger.balance_of(postings.wallet(transaction.payer_id), "USD").minor


def come_back(transaction, settings, now, **said):
    return given.a_return(transaction, now=now, **said)


@pytest.fixture
def deposit(now):
    return given.a_deposit(ProfileFactory.create(), now=now)


def test_a_denied_return_fails_with_its_reason(deposit, settings, now):
    denied = come_back(deposit, settings, now, approved=False, number="7")
    assert (denied.status, denied.failure_reason) == (Status.FAILED, "No funds")


def test_an_approved_return_is_a_promise_not_money(deposit, settings, now):
    assert come_back(deposit, settings, now).status == Status.PROCESSING
    assert booked(deposit) == 0


def test_a_forged_return_or_anothers_brand_changes_nothing(deposit, settings, now):
    with pytest.raises(errors.ReturnRefused):
        payments.record_return(
            cluster=deposit.cluster,
            params={
                "X-order": str(deposit.public_id),
                "subscription_id": SALE,
                "responseDigest": "0" * 32,
            },
            now=now,
        )
    other = Cluster.objects.exclude(pk=deposit.cluster_id).first()
    with pytest.raises(errors.TransactionNotFound):
        come_back(deposit, settings, now, cluster=other)
    deposit.refresh_from_db()
    assert deposit.status == Status.REQUIRES_ACTION


def test_one_sale_cannot_be_promised_to_two_orders(deposit, settings, now):
    come_back(deposit, settings, now)
    second = given.a_deposit(ProfileFactory.create(), "99.00", now=now)
    assert come_back(second, settings, now).status == Status.REQUIRES_ACTION


def test_an_abandoned_payment_expires_after_an_hour_and_a_late_webhook_still_captures(
    deposit, now
):
    assert payments.resolve_stale(now=now + timedelta(minutes=59)) == 0
    late = now + timedelta(minutes=60)
    assert payments.resolve_stale(now=late) == 1
    deposit.refresh_from_db()
    assert deposit.status == Status.EXPIRED

    given.a_delivery(deposit, now=late)
    payments.process_webhooks(now=late)

    deposit.refresh_from_db()
    assert (deposit.status, booked(deposit)) == (Status.CAPTURED, 50_00)


def test_a_declined_payment_that_stays_silent_fails_with_the_reason(deposit, now):
    given.a_delivery(deposit, now=now, **failure_fields())
    payments.process_webhooks(now=now)
    payments.resolve_stale(now=now + timedelta(minutes=60))
    deposit.refresh_from_db()
    assert (deposit.status, deposit.failure_code) == (Status.FAILED, "BE-900")


class TestKilledBetweenSteps:
    """A worker may die after each step; the next one ends it, once."""

    def test_after_the_claim_it_is_asked_again_when_the_lease_ends(self, deposit, settings, now):
        come_back(deposit, settings, now)
        due = now + LOOK_UP_AFTER
        assert [each.pk for each in resolve._claim(due, 10)] == [deposit.pk]

        assert resolve._claim(due + LEASE, 10) == []
        again = due + LEASE + timedelta(seconds=1)
        assert [each.look_ups for each in resolve._claim(again, 10)] == [2]

    def test_after_the_call_the_record_is_made_once(self, deposit, settings, now):
        come_back(deposit, settings, now)
        due = now + LOOK_UP_AFTER
        resolve._claim(due, 10)
        answer = LookedUp(Sale.PAID, since=now)

        assert resolve._record(deposit.pk, answer, due)
        assert not resolve._record(deposit.pk, answer, due)

        deposit.refresh_from_db()
        assert deposit.history.filter(to_status=Status.UNKNOWN).count() == 1

    def test_a_webhook_that_comes_meanwhile_wins(self, deposit, settings, now):
        come_back(deposit, settings, now)
        resolve._claim(now + LOOK_UP_AFTER, 10)
        given.a_delivery(deposit, now=now)
        payments.process_webhooks(now=now)

        assert not resolve._record(deposit.pk, LookedUp(Sale.UNDONE), now)

        assert booked(deposit) == 50_00

    def test_what_was_seen_is_kept_for_staff(self, deposit, settings, now):
        come_back(deposit, settings, now)
        old = LookedUp(Sale.PAID, since=now - timedelta(days=1), facts={"refundsIssued": "0"})

        resolve._claim(now + LOOK_UP_AFTER, 10)
        assert resolve._record(deposit.pk, old, now)

        seen = deposit.history.get(to_status=Status.UNKNOWN).facts
        assert (seen["reference"], seen["answer"], seen["refundsIssued"]) == (SALE, "paid", "0")
        assert seen["sold_at"] < seen["ordered_at"]
        assert booked(deposit) == 0

    def test_without_an_answer_it_ends_with_staff_and_a_late_webhook_ends_right(
        self, deposit, settings, now
    ):
        come_back(deposit, settings, now)
        for _ in range(MOST_LOOK_UPS):
            due = Transaction.objects.get(pk=deposit.pk).next_look_up_at
            assert due is not None
            resolve._claim(due, 10)
            resolve._record(deposit.pk, None, due)
        deposit.refresh_from_db()
        assert deposit.status == Status.UNKNOWN

        given.a_delivery(deposit, now=now)
        payments.process_webhooks(now=now)
        assert booked(deposit) == 50_00


class TestOnAPageWhoseGatewayNamesOrders:
    """The payer came back without proof, so the gateway was asked at once: not paid yet."""

    LATE = timedelta(minutes=60)

    @pytest.fixture
    def deposit(self, now):
        fan = ProfileFactory.create()
        MerchantAccountFactory.create(cluster=fan.cluster, gateway="rapyd", flex_id="")
        deposit = given.a_deposit(fan, now=now)
        deposit.attempts.update(status=AttemptStatus.WAITING)
        Transaction.objects.filter(pk=deposit.pk).update(next_look_up_at=now, look_ups=0)
        self.answered(deposit, LookedUp(Sale.NOT_FOUND), now)
        return deposit

    def answered(self, deposit, answer, now):
        assert [each.pk for each in resolve._claim(now, 10)] == [deposit.pk]
        resolve._record(deposit.pk, answer, now)
        deposit.refresh_from_db()

    def test_one_that_was_paid_after_that_is_asked_about_before_it_ends(self, deposit, now):
        assert end_abandoned(now=now + self.LATE, limit=10) == 0

        paid = LookedUp(
            Sale.PAID, token=str(deposit.public_id), amount=deposit.amount, reference="payment_1"
        )
        self.answered(deposit, paid, now + self.LATE)

        assert (deposit.status, booked(deposit)) == (Status.CAPTURED, 50_00)

    def test_one_that_was_not_ends_with_the_answer_and_waits_for_one(self, deposit, now):
        end_abandoned(now=now + self.LATE, limit=10)
        self.answered(deposit, None, now + self.LATE)
        assert deposit.status == Status.REQUIRES_ACTION

        self.answered(deposit, LookedUp(Sale.NOT_FOUND), deposit.next_look_up_at)

        assert (deposit.status, deposit.next_look_up_at) == (Status.EXPIRED, None)

    def test_without_any_answer_it_ends_after_as_many_look_ups_as_any_other(self, deposit, now):
        end_abandoned(now=now + self.LATE, limit=10)
        for _ in range(MOST_LOOK_UPS):
            assert deposit.status == Status.REQUIRES_ACTION
            deposit.refresh_from_db()
            self.answered(deposit, None, deposit.next_look_up_at)
        assert (deposit.status, deposit.look_ups) == (Status.EXPIRED, MOST_LOOK_UPS)


class TestAgainstTheSandbox:
    def pay(self, sandbox, deposit, card):
        return sandbox.pay(
            payments.checkout_url(transaction=deposit, now=deposit.created_at), card
        )

    def deliver(self, sandbox, now):
        for held in sandbox.take_webhooks():
            payments.receive_webhook(
                gateway="ccbill",
                query=held["query"],
                headers={"Content-Type": held["content_type"]},
                body=held["body"].encode(),
                remote_ip="127.0.0.1",
                now=now,
            )
        payments.process_webhooks(now=now)

    def test_an_approved_card_is_captured_by_the_webhook(self, sandbox, deposit, now):
        answer = self.pay(sandbox, deposit, APPROVE)
        returned = payments.record_return(cluster=deposit.cluster, params=answer.returned, now=now)
        assert returned.status == Status.PROCESSING

        self.deliver(sandbox, now)

        deposit.refresh_from_db()
        assert (deposit.status, booked(deposit)) == (Status.CAPTURED, 50_00)

    def test_a_declined_card_fails(self, sandbox, deposit, now):
        answer = self.pay(sandbox, deposit, DECLINE)
        returned = payments.record_return(cluster=deposit.cluster, params=answer.returned, now=now)
        self.deliver(sandbox, now)
        assert (returned.status, booked(deposit)) == (Status.FAILED, 0)

    def test_after_a_soft_decline_another_card_is_captured(self, sandbox, deposit, now):
        self.pay(sandbox, deposit, SOFT_DECLINE)
        self.deliver(sandbox, now)
        deposit.refresh_from_db()
        assert deposit.status == Status.REQUIRES_ACTION

        self.pay(sandbox, deposit, APPROVE)
        self.deliver(sandbox, now)

        assert booked(deposit) == 50_00

    def test_a_look_up_proves_a_sale_but_captures_nothing_until_the_webhook(
        self, sandbox, deposit, now
    ):
        answer = self.pay(sandbox, deposit, APPROVE)
        payments.record_return(cluster=deposit.cluster, params=answer.returned, now=now)

        assert payments.resolve_stale(now=now + LOOK_UP_AFTER) == 1
        deposit.refresh_from_db()
        assert (deposit.status, booked(deposit)) == (Status.UNKNOWN, 0)

        self.deliver(sandbox, now + LOOK_UP_AFTER)
        deposit.refresh_from_db()
        assert (deposit.status, booked(deposit)) == (Status.CAPTURED, 50_00)

    def test_a_cheap_sale_presented_for_a_dear_order_takes_nothing(
        self, sandbox, deposit, settings, now
    ):
        """The fraud: the digest of the cheap sale's return fits any order."""
        dear = given.a_deposit(deposit.payer, "99.00", now=now, key="dear")
        paid = self.pay(sandbox, deposit, APPROVE).returned
        forged = {**paid, "X-order": str(dear.public_id)}
        payments.record_return(cluster=dear.cluster, params=forged, now=now)
        sandbox.take_webhooks()  # lost

        payments.resolve_stale(now=now + LOOK_UP_AFTER)

        dear.refresh_from_db()
        assert (dear.status, booked(dear)) == (Status.UNKNOWN, 0)

    def test_a_page_that_hangs_leaves_a_payment_that_ends_by_itself(self, sandbox, deposit, now):
        with suppress(OSError, HTTPException):
            self.pay(sandbox, deposit, TIMEOUT)
        payments.resolve_stale(now=now + timedelta(minutes=60))
        deposit.refresh_from_db()
        assert (deposit.status, booked(deposit)) == (Status.EXPIRED, 0)


class TestABrowsersDenial:
    def test_cannot_end_what_staff_must_decide(self, deposit, now):
        unknown = given.an_unknown_payment(deposit, now=now)
        for _ in range(3):
            given.a_return(unknown, now=now, approved=False, number="999")

        unknown.refresh_from_db()
        assert (unknown.status, unknown.failure_reason) == (Status.UNKNOWN, "")
        told = unknown.history.filter(reason="A return with a denial changed nothing")
        assert told.count() == 1

    def test_does_not_rewrite_why_a_payment_failed(self, deposit, settings, now):
        come_back(deposit, settings, now, approved=False, number="7")
        Transaction.objects.filter(pk=deposit.pk).update(failure_reason="Stolen card")
        for number in ("8", "9", "8"):
            come_back(deposit, settings, now, approved=False, number=number)

        deposit.refresh_from_db()
        assert (deposit.status, deposit.failure_reason) == (Status.FAILED, "Stolen card")
        assert deposit.history.filter(reason__contains="changed nothing").count() == 1


def test_returns_without_proof_leave_one_record_an_hour_for_each_address(deposit, now):
    for number in range(5):
        for ip in ("203.0.113.1", "203.0.113.2"):
            with pytest.raises(errors.ReturnRefused):
                payments.record_return(
                    cluster=deposit.cluster,
                    params={"X-order": f"{number}\0", "subscription_id": "1"},
                    now=now,
                    remote_ip=ip,
                )
    assert AuditRecord.objects.filter(action="payments.return_refused").count() == 2
