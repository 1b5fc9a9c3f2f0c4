"""Staff settle what the machine cannot prove: once, with a reason, and for good."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.core.errors import DomainError
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status, WebhookStatus
from apps.finance.payments.models import Transaction, WebhookEvent
from tests import given
from tests.factories.accounts import ProfileFactory, UserFactory

pytestmark = pytest.mark.django_db


def booked(payment):
    return ledger.balance_of(postings.wallet(payment.payer_id), "USD").minor


@pytest.fixture
def payment(now):
    return given.an_unknown_payment(given.a_deposit(ProfileFactory.create(), now=now), now=now)


@pytest.fixture
def settle(payment, staff, now):
    finance = staff("finance")

    def settle(outcome=Status.CAPTURED, **changes):
        wish = {
            "transaction_id": payment.pk,
            "outcome": outcome,
            "gateway_reference": given.SALE if outcome == Status.CAPTURED else "",
            "by": finance,
            "reason": "X-order and price compared",
            "now": now,
        }
        return payments.settle_unknown(**{**wish, **changes})

    return settle


def is_unmoved(payment):
    payment.refresh_from_db()
    assert (payment.status, payment.settled_at, booked(payment)) == (Status.UNKNOWN, None, 0)
    assert not AuditRecord.objects.filter(action="payments.settled_by_hand").exists()
    return True


class TestSettledAsPaid:
    def test_is_booked_once_with_who_and_why(self, payment, settle, now):
        done = settle()

        assert (done.status, done.captured_at, done.settled_at) == (Status.CAPTURED, now, now)
        assert booked(payment) == 50_00
        last = payment.history.order_by("-id").first()
        assert (last.to_status, last.reason) == (Status.CAPTURED, "X-order and price compared")
        record = AuditRecord.objects.get(action="payments.settled_by_hand")
        assert (record.actor_id, record.reason) == (last.by_id, "X-order and price compared")
        assert record.facts["reference"] == given.SALE

    def test_a_second_time_is_refused(self, payment, settle):
        settle()
        with pytest.raises(errors.WrongState):
            settle()
        with pytest.raises(errors.WrongState):
            settle(Status.FAILED)
        assert booked(payment) == 50_00

    def test_a_late_webhook_changes_nothing(self, payment, settle, now):
        settle()
        webhook = given.a_delivery(payment, now=now)
        payments.process_webhooks(now=now)

        payment.refresh_from_db()
        assert (payment.status, booked(payment)) == (Status.CAPTURED, 50_00)
        assert WebhookEvent.objects.get(pk=webhook).status == WebhookStatus.PROCESSED
        assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD").minor == 50_00


class TestSettledAsFailed:
    def test_books_nothing_and_frees_the_sale(self, payment, settle):
        done = settle(Status.FAILED)
        assert (done.status, done.gateway_reference, booked(payment)) == (Status.FAILED, "", 0)

    def test_a_late_webhook_books_nothing_and_waits_for_a_person(self, payment, settle, now):
        settle(Status.FAILED)
        webhook = given.a_delivery(payment, now=now)
        payments.process_webhooks(now=now)

        payment.refresh_from_db()
        assert (payment.status, booked(payment)) == (Status.FAILED, 0)
        assert WebhookEvent.objects.get(pk=webhook).status == WebhookStatus.PARKED

    def test_the_payer_can_neither_come_back_nor_pay_again(self, payment, settle, now):
        settle(Status.FAILED)
        assert given.a_return(payment, now=now).status == Status.FAILED
        payment.refresh_from_db()
        with pytest.raises(errors.WrongState):
            payments.checkout_url(transaction=payment, now=now)


class TestRefused:
    def test_without_the_permission(self, payment, settle, staff):
        for by in (UserFactory.create(is_staff=True), staff("support"), staff("payouts")):
            with pytest.raises(errors.SettleNotAllowed):
                settle(by=by)
        assert is_unmoved(payment)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"reason": "  "}, errors.ReasonMissing),
            ({"outcome": "EXPIRED"}, errors.BadOutcome),
            ({"gateway_reference": " "}, errors.ReferenceMissing),
            ({"gateway_reference": "7" * 81}, errors.ReferenceMissing),
            ({"transaction_id": 0}, errors.TransactionNotFound),
        ],
    )
    def test_bad_input(self, payment, settle, changes, error):
        with pytest.raises(error):
            settle(**changes)
        assert is_unmoved(payment)

    def test_about_a_payment_of_ones_own(self, staff, now, settle):
        finance = staff("finance")
        own = given.a_deposit(ProfileFactory.create(user=finance), now=now, key="own")
        own = given.an_unknown_payment(own, now=now, number="0117240102000000042")
        with pytest.raises(errors.OwnPayment):
            settle(transaction_id=own.pk, by=finance)
        assert is_unmoved(own)

    def test_for_a_sale_another_payment_claims(self, payment, settle, now):
        other = given.a_deposit(ProfileFactory.create(), now=now)
        given.a_return(other, now=now, number="0117240102000000042")
        with pytest.raises(errors.SaleClaimed):
            settle(gateway_reference="0117240102000000042")
        assert is_unmoved(payment)

    def test_while_it_is_not_unknown(self, settle, now):
        waiting = given.a_deposit(ProfileFactory.create(), now=now)
        with pytest.raises(errors.WrongState):
            settle(transaction_id=waiting.pk)
        assert booked(waiting) == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_settle_one_payment_and_one_sale_once(staff, now):
    finance = staff("finance")
    first = given.an_unknown_payment(given.a_deposit(ProfileFactory.create(), now=now), now=now)
    other = given.a_deposit(ProfileFactory.create(), now=now)
    other = given.an_unknown_payment(other, now=now, number="0117240102000000042")
    free_sale = "0117240102000000043"

    def settle(number):
        try:
            payments.settle_unknown(
                transaction_id=(first, other)[number % 2].pk,
                outcome=Status.CAPTURED,
                gateway_reference=free_sale,
                by=finance,
                reason="compared",
                now=now,
            )
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(6) as pool:
        ends = list(pool.map(settle, range(12)))

    assert ends.count("done") == 1
    assert set(ends) <= {"done", "payments.sale_claimed", "payments.wrong_state"}
    assert booked(first) + booked(other) == 50_00
    assert Transaction.objects.filter(gateway_reference=free_sale).count() == 1


class TestInTheConsole:
    def do(self, verb):
        return reverse("admin:payments_transaction_do", args=[verb])

    def test_shows_what_was_seen_then_books_with_a_reason(self, console, payment):
        client = console("finance")
        page = reverse("admin:payments_transaction_change", args=[payment.pk])
        assert "Settle as paid" in client.get(page).content.decode()
        asked = client.get(self.do("settle-paid"), {"ids": payment.pk}).content.decode()
        assert f"Books $50.00 for the sale {given.SALE}" in asked
        assert str(payment.public_id) in asked
        assert is_unmoved(payment)

        answer = client.post(
            self.do("settle-paid"), {"ids": payment.pk, "reason": "compared"}, follow=True
        )

        assert "is booked" in answer.content.decode()
        assert booked(payment) == 50_00

    def test_ends_it_as_failed(self, console, payment):
        console("admin").post(self.do("settle-failed"), {"ids": payment.pk, "reason": "fraud"})
        payment.refresh_from_db()
        assert (payment.status, booked(payment)) == (Status.FAILED, 0)

    def test_needs_a_reason(self, console, payment):
        answer = console("finance").post(self.do("settle-paid"), {"ids": payment.pk, "reason": ""})
        assert answer.status_code == 422
        assert is_unmoved(payment)

    @pytest.mark.parametrize("role", ["support", "payouts", "compliance", "moderator", "security"])
    @pytest.mark.parametrize("verb", ["settle-paid", "settle-failed"])
    def test_is_closed_to_other_roles(self, console, payment, role, verb):
        answer = console(role).post(self.do(verb), {"ids": payment.pk, "reason": "x"})
        assert answer.status_code == 403
        assert is_unmoved(payment)
