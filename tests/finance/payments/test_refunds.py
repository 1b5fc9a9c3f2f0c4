"""Money goes back to payers: in part, in many parts, never more than was paid."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import Destination, Origin, RefundState
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import locked_payment, locked_refund
from apps.finance.payments.services.refunds import (
    approve_refund,
    gateway_refunded,
    reject_refund,
    settle_refund,
)
from tests.finance.payments.refunding import (
    a_paid_deposit,
    a_paid_tip,
    a_policy,
    a_wallet_tip,
    ask,
    balance,
    books_are_balanced,
    creator_has,
    fresh,
    news,
    usd,
)

pytestmark = pytest.mark.django_db

CLEARING = postings.processor_clearing("ccbill")


@pytest.fixture
def clerk(staff):
    return staff("finance")


@pytest.fixture
def chief(staff):
    return staff("finance")


def told(payment, told_, *, now, **more):
    """The gateway's news reach the payment, as the inbox brings them."""
    with transaction.atomic():
        gateway_refunded(
            transaction=locked_payment(payment.pk), notice=news(payment, told_, **more), now=now
        )
    return fresh(payment)


def done(refund, *, now):
    with transaction.atomic():
        refund, payment = locked_refund(refund.pk)
        book_refund(refund, payment, now=now, reason="Sent")
    return refund


class TestAWalletSale:
    def test_goes_back_to_the_wallet_at_once(self, clerk, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        assert balance(postings.wallet(tip.payer_id)) == "30.00"

        refund = ask(tip, "20.00", by=clerk, now=now)

        assert (refund.state, refund.destination) == (RefundState.DONE, Destination.WALLET)
        assert balance(postings.wallet(tip.payer_id)) == "50.00"
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert balance(postings.PLATFORM_REVENUE) == "0.00"
        assert fresh(tip).status == Status.REFUNDED
        assert books_are_balanced()

    def test_a_part_of_it_leaves_the_rest(self, clerk, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        ask(tip, "5.00", by=clerk, now=now)
        tip = fresh(tip)
        assert (tip.status, tip.refunded_minor) == (Status.PARTLY_REFUNDED, 5_00)
        assert creator_has(tip) == ("12.00", "0.00", "0.00")
        assert balance(postings.PLATFORM_REVENUE) == "3.00"

    def test_the_same_key_gives_back_once(self, clerk, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        first = ask(tip, "5.00", by=clerk, now=now, key="once")
        assert ask(tip, "5.00", by=clerk, now=now, key="once") == first
        assert fresh(tip).refunded_minor == 5_00
        with pytest.raises(errors.KeyReused):
            ask(tip, "6.00", by=clerk, now=now, key="once")

    def test_a_creator_who_spent_it_owes_it(self, clerk, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        assert tip.payee_id
        with transaction.atomic():
            ledger.post(
                postings.payout_reserved(
                    payout_id=1, creator_id=tip.payee_id, amount=usd("15.00"), cluster="boyfanz"
                ),
                now=now,
            )
        ask(tip, "20.00", by=clerk, now=now)
        assert creator_has(tip) == ("0.00", "0.00", "15.00")
        assert books_are_balanced()


class TestWhatIsRefused:
    @pytest.mark.parametrize("amount", ["20.01", "1000.00"])
    def test_more_than_was_paid(self, clerk, now, amount):
        a_policy(now=now, four_eyes_from_minor=10**9)
        tip = a_wallet_tip("20.00", now=now)
        with pytest.raises(errors.NothingLeft):
            ask(tip, amount, by=clerk, now=now)
        assert not Refund.objects.exists()
        assert balance(postings.wallet(tip.payer_id)) == "30.00"

    def test_more_than_earlier_refunds_left_even_if_they_only_wait(self, clerk, now):
        tip = a_wallet_tip("20.00", now=now)
        assert ask(tip, "15.00", by=clerk, now=now).state == RefundState.REQUESTED
        with pytest.raises(errors.NothingLeft):
            ask(tip, "5.01", by=clerk, now=now)
        assert ask(tip, "5.00", by=clerk, now=now).state == RefundState.REQUESTED
        assert fresh(tip).refunded_minor == 0

    def test_nothing_or_less_or_another_currency(self, clerk, now):
        tip = a_wallet_tip("20.00", now=now)
        with pytest.raises(errors.AmountOutOfRange):
            ask(tip, "0.00", by=clerk, now=now)
        with pytest.raises(errors.AmountOutOfRange):
            ask(tip, "-5.00", by=clerk, now=now)
        Refund.objects.all().exists()
        with pytest.raises(errors.BadKey):
            ask(tip, "5.00", by=clerk, now=now, key="k" * 201)

    def test_by_people_without_the_right_or_with_a_stake(self, staff, clerk, now):
        tip = a_wallet_tip("20.00", now=now)
        with pytest.raises(errors.RefundNotAllowed):
            ask(tip, "5.00", by=staff("moderator"), now=now)
        assert tip.payee
        tip.payee.user.groups.set(clerk.groups.all())
        with pytest.raises(errors.OwnPayment):
            ask(tip, "5.00", by=type(clerk).objects.get(pk=tip.payee.user_id), now=now)
        assert not Refund.objects.exists()

    def test_by_the_database_too(self, clerk, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        refund = ask(tip, "15.00", by=clerk, now=now)
        with pytest.raises(IntegrityError, match="more goes back"), transaction.atomic():
            Refund.objects.create(
                transaction=tip,
                amount_minor=5_01,
                currency="USD",
                destination=Destination.WALLET,
                origin=Origin.STAFF,
                reason_code="ASKED",
                state=RefundState.APPROVED,
                key="sly",
                platform_fee_returned=True,
                processing_fee_returned=False,
                kept_fees_borne_by="CREATOR",
                created_at=now,
            )
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Refund.objects.filter(pk=refund.pk).update(amount_minor=1)


class TestFourEyes:
    def test_from_the_limit_on_a_second_person_decides(self, clerk, chief, now):
        a_policy(now=now, four_eyes_from_minor=10_00)
        tip = a_wallet_tip("20.00", now=now)
        refund = ask(tip, "10.00", by=clerk, now=now)
        assert refund.state == RefundState.REQUESTED
        with pytest.raises(errors.SecondPersonNeeded):
            approve_refund(refund_id=refund.pk, by=clerk, reason="", now=now)
        assert fresh(tip).refunded_minor == 0

        approve_refund(refund_id=refund.pk, by=chief, reason="Right", now=now)
        approve_refund(refund_id=refund.pk, by=chief, reason="Right", now=now)
        refund.refresh_from_db()
        assert (refund.state, refund.decided_by) == (RefundState.DONE, chief)
        assert fresh(tip).refunded_minor == 10_00

    def test_small_ones_add_up_to_the_limit(self, clerk, now):
        a_policy(now=now, four_eyes_from_minor=10_00)
        tip = a_wallet_tip("20.00", now=now)
        states = [ask(tip, "4.00", by=clerk, now=now).state for _ in range(3)]
        assert states == [RefundState.DONE, RefundState.DONE, RefundState.REQUESTED]

    def test_a_rejected_one_leaves_room_again(self, clerk, chief, now):
        tip = a_wallet_tip("20.00", now=now)
        refund = ask(tip, "20.00", by=clerk, now=now)
        reject_refund(refund_id=refund.pk, by=chief, reason="No", now=now)
        with pytest.raises(errors.WrongRefundState):
            approve_refund(refund_id=refund.pk, by=chief, reason="", now=now)
        assert ask(tip, "20.00", by=clerk, now=now).state == RefundState.REQUESTED
        assert fresh(tip).status == Status.CAPTURED

    def test_the_brands_own_policy_goes_first(self, clerk, now):
        a_policy(now=now, four_eyes_from_minor=1)
        tip = a_wallet_tip("20.00", now=now)
        a_policy(now=now, cluster=tip.cluster, four_eyes_from_minor=50_00)
        a_policy(now=now, four_eyes_from_minor=2)
        assert ask(tip, "20.00", by=clerk, now=now).state == RefundState.DONE


class TestFees:
    def test_card_sale_the_processor_keeps_its_fee_and_the_creator_bears_it(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        fee = tip.processing_fee_minor
        assert fee > 0
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        assert creator_has(tip) == ("0.00", "0.00", str(Money(fee, "USD").decimal))
        assert balance(CLEARING) == "0.00"
        assert balance(postings.PLATFORM_REVENUE) == "0.00"

    def test_the_platform_bears_it_where_the_policy_says_so(self, clerk, now):
        a_policy(now=now, kept_fees_borne_by="PLATFORM")
        tip = a_paid_tip("100.00", now=now)
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert balance(postings.PROCESSING_COSTS) == str(tip.processing_fee.decimal)

    def test_the_platform_keeps_its_fee_where_the_policy_says_so(self, clerk, now):
        a_policy(now=now, platform_fee_returned=False, processing_fee_returned=True)
        tip = a_paid_tip("100.00", now=now)
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        assert creator_has(tip)[2] == str(tip.platform_fee.decimal)
        assert balance(postings.PLATFORM_REVENUE) == str(tip.platform_fee.decimal)
        assert balance(postings.PROCESSOR_FEES_PAYABLE) == "0.00"

    def test_a_later_policy_does_not_change_a_refund_that_waits(self, clerk, chief, now):
        a_policy(now=now, four_eyes_from_minor=0)
        tip = a_wallet_tip("20.00", now=now)
        refund = ask(tip, "20.00", by=clerk, now=now)
        a_policy(now=now, platform_fee_returned=False)
        approve_refund(refund_id=refund.pk, by=chief, reason="", now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")


class TestADeposit:
    def test_is_held_in_the_wallet_until_it_is_gone(self, clerk, now):
        a_policy(now=now)
        deposit = a_paid_deposit("50.00", now=now)
        refund = ask(deposit, "30.00", by=clerk, now=now)
        wallet = postings.wallet(deposit.payer_id)
        assert str(ledger_selectors.available_of(wallet, "USD")) == "20.00 USD"
        done(refund, now=now)
        assert balance(wallet) == "20.00"
        assert str(ledger_selectors.available_of(wallet, "USD")) == "20.00 USD"
        assert fresh(deposit).status == Status.PARTLY_REFUNDED
        assert balance(CLEARING) == "20.00"

    def test_that_is_spent_does_not_go_back(self, clerk, now):
        tip = a_wallet_tip("20.00", now=now)
        deposit = Transaction.objects.get(payer=tip.payer, kind="WALLET_DEPOSIT")
        with pytest.raises(errors.InsufficientWallet):
            ask(deposit, "30.01", by=clerk, now=now)
        assert not Refund.objects.exists()
        assert (
            str(ledger_selectors.available_of(postings.wallet(tip.payer_id), "USD")) == "30.00 USD"
        )

    def test_rejected_gives_the_wallet_back(self, clerk, chief, now):
        deposit = a_paid_deposit("50.00", now=now)
        refund = ask(deposit, "50.00", by=clerk, now=now)
        reject_refund(refund_id=refund.pk, by=chief, reason="No", now=now)
        assert (
            str(ledger_selectors.available_of(postings.wallet(deposit.payer_id), "USD"))
            == "50.00 USD"
        )

    def test_never_goes_back_to_the_wallet(self, clerk, now):
        deposit = a_paid_deposit("50.00", now=now)
        with pytest.raises(errors.RefundNotOffered):
            ask(deposit, "50.00", by=clerk, now=now, destination=Destination.WALLET)

    def test_given_back_by_the_gateway_though_it_is_spent_calls_a_person(self, clerk, now):
        tip = a_wallet_tip("20.00", now=now)
        deposit = Transaction.objects.get(payer=tip.payer, kind="WALLET_DEPOSIT")
        told(deposit, Told.REFUNDED, amount="50.00", now=now)
        refund = Refund.objects.get()
        assert (refund.state, refund.needs_attention) == (RefundState.PENDING, True)
        assert balance(postings.wallet(tip.payer_id)) == "30.00"


class TestToldByTheGateway:
    def test_its_own_refund_is_booked_once(self, now):
        tip = a_paid_tip("100.00", now=now)
        tip = told(tip, Told.REFUNDED, amount="40.00", transaction="r1", now=now)
        assert (tip.status, tip.refunded_minor) == (Status.PARTLY_REFUNDED, 40_00)
        tip = told(tip, Told.REFUNDED, amount="40.00", transaction="r1", now=now)
        assert tip.refunded_minor == 40_00
        assert Refund.objects.get().origin == Origin.GATEWAY
        assert balance(CLEARING) == "60.00"

    def test_a_second_part_of_the_same_sum_is_another_one(self, now):
        tip = a_paid_tip("100.00", now=now)
        told(tip, Told.REFUNDED, amount="40.00", transaction="r1", now=now)
        tip = told(tip, Told.REFUNDED, amount="40.00", transaction="r2", now=now)
        assert tip.refunded_minor == 80_00

    @pytest.mark.parametrize("how", ["before our answer", "after our answer"])
    def test_news_of_a_refund_of_ours_confirm_it(self, clerk, now, how):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        refund = ask(tip, "100.00", by=clerk, now=now)
        if how == "after our answer":
            done(refund, now=now)
        tip = told(tip, Told.REFUNDED, amount="100.00", transaction="r1", now=now)
        refund = Refund.objects.get()
        assert (refund.state, refund.gateway_reference) == (RefundState.DONE, "r1")
        assert refund.confirmed_at == now
        assert (tip.status, balance(CLEARING)) == (Status.REFUNDED, "0.00")

    def test_a_request_that_no_longer_fits_is_withdrawn(self, clerk, now):
        tip = a_paid_tip("100.00", now=now)
        asked = ask(tip, "30.00", by=clerk, now=now)
        tip = told(tip, Told.VOIDED, now=now, amount="100.00")
        asked.refresh_from_db()
        assert (asked.state, asked.failure_code) == (RefundState.FAILED, "withdrawn")
        assert (tip.status, tip.refunded_minor) == (Status.REFUNDED, 100_00)

    def test_more_than_is_left_is_for_a_person(self, now):
        tip = a_paid_tip("100.00", now=now)
        told(tip, Told.REFUNDED, amount="60.00", transaction="r1", now=now)
        with pytest.raises(errors.StaffMustLook, match=r"40\.00 USD is left"):
            told(tip, Told.REFUNDED, amount="60.00", transaction="r2", now=now)
        assert (fresh(tip).refunded_minor, balance(CLEARING)) == (60_00, "40.00")

    def test_before_the_payment_is_captured_it_waits(self, now):
        tip = a_paid_tip("100.00", now=now)
        Transaction.objects.filter(pk=tip.pk).update(status=Status.PROCESSING, captured_at=None)
        with pytest.raises(errors.TooEarly):
            told(tip, Told.REFUNDED, amount="60.00", now=now)

    def test_one_that_bounced_is_undone_and_may_go_back_again(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        before = creator_has(tip)
        done(ask(tip, "33.33", by=clerk, now=now), now=now)
        tip = told(tip, Told.REFUND_FAILED, amount="33.33", now=now)
        assert (tip.status, tip.refunded_minor) == (Status.CAPTURED, 0)
        assert (creator_has(tip), balance(CLEARING)) == (before, "100.00")

        tip = told(tip, Told.REFUNDED, amount="33.33", transaction="late", now=now)
        assert (tip.status, tip.refunded_minor) == (Status.PARTLY_REFUNDED, 33_33)
        done(ask(tip, "66.67", by=clerk, now=now), now=now)
        assert balance(CLEARING) == "0.00"
        assert fresh(tip).status == Status.REFUNDED
        assert books_are_balanced()


def test_staff_settle_an_unknown_one(clerk, chief, now):
    a_policy(now=now)
    tip = a_paid_tip("100.00", now=now)
    refund = ask(tip, "100.00", by=clerk, now=now)
    with pytest.raises(errors.WrongRefundState):
        settle_refund(
            refund_id=refund.pk, went_back=True, reference="", by=chief, reason="Seen", now=now
        )
    Refund.objects.filter(pk=refund.pk).update(state=RefundState.UNKNOWN)
    settle_refund(
        refund_id=refund.pk, went_back=True, reference="seen-1", by=chief, reason="Seen", now=now
    )
    assert (fresh(tip).status, balance(CLEARING)) == (Status.REFUNDED, "0.00")
    with pytest.raises(errors.WrongRefundState):
        settle_refund(
            refund_id=refund.pk, went_back=False, reference="", by=chief, reason="Oh",
            now=now + timedelta(days=1),
        )  # fmt: skip
