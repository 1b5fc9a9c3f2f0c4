"""Banks take money back: any order of news, every end, to the cent."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import transaction

from apps.core.models import OutboxMessage
from apps.finance.ledger import postings
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Told
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Dispute, DisputeRound, FraudReport, Refund
from apps.finance.payments.rules.disputes import News, Stage, Word, read
from apps.finance.payments.rules.refunds import Origin, RefundState
from apps.finance.payments.services.disputes import (
    accept_dispute,
    close_dispute,
    dispute_news,
    refund_instead,
)
from apps.finance.payments.services.refund_moves import locked_payment
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
)
from tests.finance.payments.test_refunds import done, told
from tests.undone import undone_afterwards

pytestmark = pytest.mark.django_db

CLEARING = postings.processor_clearing("ccbill")
DISPUTED = postings.disputed("ccbill")


def hear(payment, told_, *, now, **more):
    with transaction.atomic():
        dispute_news(
            transaction=locked_payment(payment.pk), notice=news(payment, told_, **more), now=now
        )
    return Dispute.objects.get(reference=more.get("case", "case-1"))


def day(now, number):
    return now + timedelta(days=number)


@pytest.fixture
def clerk(staff):
    return staff("finance")


class TestAChargeback:
    def test_takes_the_money_away_and_keeps_the_creators_share_back(self, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        dispute = hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        assert (dispute.stage, fresh(tip).status) == (Stage.CHARGEBACK, Status.DISPUTED)
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "100.00")
        assert creator_has(tip) == ("0.00", "80.00", "0.00")
        assert books_are_balanced()

    def test_won_gives_everything_back(self, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        dispute = hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        assert (dispute.stage, fresh(tip).status) == (Stage.WON, Status.CAPTURED)
        assert (balance(CLEARING), balance(DISPUTED)) == ("100.00", "0.00")
        assert creator_has(tip) == ("80.00", "0.00", "0.00")

    def test_lost_is_the_creators_and_the_platforms(self, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        dispute = hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert (dispute.stage, fresh(tip).status) == (Stage.LOST, Status.DISPUTED)
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert balance(postings.PLATFORM_REVENUE) == "0.00"
        assert balance(postings.CHARGEBACK_LOSSES) == "5.00"

    def test_lost_is_the_platforms_alone_where_the_policy_says_so(self, now):
        a_policy(now=now, loss_borne_by="PLATFORM", hold_share=False)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        assert creator_has(tip) == ("80.00", "0.00", "0.00")
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert creator_has(tip) == ("80.00", "0.00", "0.00")
        assert balance(postings.CHARGEBACK_LOSSES) == "100.00"

    @pytest.mark.parametrize(
        ("bearer", "creator", "platform"),
        [("PLATFORM", ("0.00", "80.00", "0.00"), "25.00"),
         ("CREATOR", ("0.00", "55.00", "0.00"), "0.00")],
    )  # fmt: skip
    def test_its_fee_is_booked_by_the_policy(self, now, bearer, creator, platform):
        a_policy(now=now, chargeback_fee_minor=25_00, chargeback_fee_borne_by=bearer)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        assert creator_has(tip) == creator
        assert balance(postings.CHARGEBACK_FEES) == platform

    def test_a_second_round_after_a_win_takes_it_again(self, now):
        a_policy(now=now, chargeback_fee_minor=25_00)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        dispute = hear(tip, Told.CHARGEBACK, at=day(now, 20), amount="100.00", again=True, now=now)
        assert (dispute.stage, dispute.rounds.count()) == (Stage.SECOND_ROUND, 2)
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "100.00")
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 30), now=now)
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")
        assert balance(postings.CHARGEBACK_FEES) == "50.00"
        assert books_are_balanced()

    def test_each_word_is_kept_with_the_stage_after_it(self, now):
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.INQUIRY, at=now, now=now)
        hear(tip, Told.CHARGEBACK, at=day(now, 1), now=now)
        dispute = hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        stages = dispute.history.order_by("id").values_list("word", "stage")
        assert list(stages) == [
            ("INQUIRY", "INQUIRY"), ("CHARGEBACK", "CHARGEBACK"), ("WON", "WON"),
        ]  # fmt: skip

    def test_lost_and_then_won_after_all(self, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), amount="100.00", now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 40), now=now)
        assert creator_has(tip) == ("80.00", "0.00", "0.00")
        assert (balance(CLEARING), balance(postings.CHARGEBACK_LOSSES)) == ("100.00", "0.00")
        assert fresh(tip).status == Status.CAPTURED

    def test_of_a_deposit_takes_what_the_wallet_still_has(self, now):
        a_policy(now=now)
        tip = a_wallet_tip("20.00", now=now)
        deposit = type(tip).objects.get(payer=tip.payer, kind="WALLET_DEPOSIT")
        hear(deposit, Told.CHARGEBACK, at=now, amount="50.00", now=now)
        hear(deposit, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert balance(postings.wallet(tip.payer_id)) == "0.00"
        assert balance(postings.CHARGEBACK_LOSSES) == "20.00"
        assert creator_has(tip) == ("16.00", "0.00", "0.00")


class TestBesideRefunds:
    def test_after_a_full_refund_it_is_the_platforms_loss_alone(self, clerk, now):
        a_policy(now=now, processing_fee_returned=True)
        tip = a_paid_tip("100.00", now=now)
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        assert fresh(tip).status == Status.DISPUTED
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert creator_has(tip) == ("0.00", "0.00", "0.00")
        assert (balance(CLEARING), balance(DISPUTED)) == ("-100.00", "0.00")
        assert balance(postings.CHARGEBACK_LOSSES) == "100.00"
        assert books_are_balanced()

    def test_after_a_full_refund_and_won_it_is_refunded_again(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        done(ask(tip, "100.00", by=clerk, now=now), now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        hear(tip, Told.CHARGEBACK_WON, at=day(now, 9), now=now)
        assert (fresh(tip).status, balance(CLEARING)) == (Status.REFUNDED, "0.00")

    def test_stops_what_is_not_sent_and_leaves_nothing_to_refund(self, clerk, now):
        tip = a_paid_tip("100.00", now=now)
        refund = ask(tip, "30.00", by=clerk, now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        refund.refresh_from_db()
        assert (refund.state, refund.failure_code) == (RefundState.FAILED, "disputed")
        with pytest.raises(errors.NothingLeft):
            ask(tip, "0.01", by=clerk, now=now)

    def test_a_part_leaves_the_rest_to_refund(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        hear(tip, Told.CHARGEBACK, at=now, amount="60.00", now=now)
        with pytest.raises(errors.NothingLeft):
            ask(tip, "40.01", by=clerk, now=now)
        done(ask(tip, "40.00", by=clerk, now=now), now=now)
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")
        assert balance(postings.PLATFORM_REVENUE) == "0.00"

    def test_a_gateways_refund_during_the_dispute_ends_as_one_before_it(self, now):
        ends = []
        for order in (["refund", "chargeback"], ["chargeback", "refund"]):
            tip = a_paid_tip("100.00", now=now)
            case = order[0]
            for step in order:
                if step == "refund":
                    told(tip, Told.REFUNDED, amount="40.00", now=now)
                else:
                    hear(tip, Told.CHARGEBACK, at=now, amount="100.00", case=case, now=now)
            before = balance(postings.CHARGEBACK_LOSSES)
            hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), case=case, now=now)
            ends.append((fresh(tip).refunded_minor, fresh(tip).status, creator_has(tip)))
            assert before != balance(postings.CHARGEBACK_LOSSES)
        assert ends[0] == ends[1]
        assert balance(DISPUTED) == "0.00"


class TestStaff:
    def test_accept_it(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        dispute = hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        later = day(now, 1)
        dispute = accept_dispute(dispute_id=dispute.pk, by=clerk, reason="Fraud", now=later)
        assert dispute.stage == Stage.ACCEPTED
        assert balance(DISPUTED) == "0.00"
        hear(tip, Told.CHARGEBACK_LOST, at=day(now, 9), now=now)
        assert DisputeRound.objects.count() == 1
        with pytest.raises(errors.WrongStage):
            accept_dispute(dispute_id=dispute.pk, by=clerk, reason="Again", now=day(now, 10))

    def test_may_not_without_the_right(self, staff, now):
        tip = a_paid_tip("100.00", now=now)
        dispute = hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
        with pytest.raises(errors.DisputeNotAllowed):
            accept_dispute(dispute_id=dispute.pk, by=staff("support"), reason="I", now=now)
        assert balance(DISPUTED) == "100.00"

    def test_refund_an_alert_instead_of_waiting_for_the_chargeback(self, clerk, now):
        a_policy(now=now)
        tip = a_paid_tip("100.00", now=now)
        dispute = hear(tip, Told.ALERT, at=now, amount="100.00", now=now)
        refund = refund_instead(dispute_id=dispute.pk, by=clerk, reason="Small", now=now)
        assert (refund.state, refund.amount_minor) == (RefundState.APPROVED, 100_00)
        dispute = close_dispute(
            dispute_id=dispute.pk, by=clerk, reason="Refunded", now=day(now, 1)
        )
        assert dispute.stage == Stage.CLOSED
        assert fresh(tip).status == Status.CAPTURED

    def test_the_rule_refunds_small_alerts_at_once(self, now):
        a_policy(now=now, refund_alerts_to_minor=50_00)
        small, large = a_paid_tip("50.00", now=now), a_paid_tip("50.01", now=now)
        hear(small, Told.ALERT, at=now, case="small", now=now)
        hear(large, Told.ALERT, at=now, case="large", now=now)
        refund = Refund.objects.get()
        assert (refund.transaction, refund.origin) == (small, Origin.RULE)
        assert (refund.state, refund.amount_minor) == (RefundState.APPROVED, 50_00)


def test_a_fraud_report_is_kept_once_and_moves_no_money(now):
    tip = a_paid_tip("100.00", now=now)
    for _ in range(2):
        with transaction.atomic():
            dispute_news(
                transaction=locked_payment(tip.pk),
                notice=news(tip, Told.FRAUD_REPORT, transaction="tc40-1", code="6", at=now),
                now=now,
            )
    assert FraudReport.objects.get().code == "6"
    assert (balance(CLEARING), fresh(tip).status) == ("100.00", Status.CAPTURED)


def test_news_before_the_capture_wait(now):
    tip = a_paid_tip("100.00", now=now)
    type(tip).objects.filter(pk=tip.pk).update(status=Status.PROCESSING, captured_at=None)
    with pytest.raises(errors.TooEarly):
        hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
    assert not Dispute.objects.exists()


STORY = [
    (Told.INQUIRY, 0, False),
    (Told.CHARGEBACK, 1, False),
    (Told.CHARGEBACK_WON, 2, False),
    (Told.CHARGEBACK, 3, True),
    (Told.CHARGEBACK_LOST, 4, False),
]


def every_way_on(tip, left, *, now):
    """Hear what is left in every order, each way undone before the next; yield at each end."""
    for place, (told_, at, again) in enumerate(left):
        rest = left[:place] + left[place + 1 :]
        with undone_afterwards():
            dispute = hear(
                tip, told_, at=day(now, at), amount="100.00", again=again, case="case", now=now
            )
            if rest:
                yield from every_way_on(tip, rest, now=now)
            else:
                yield dispute


def test_every_order_of_the_news_ends_the_same(now):
    """All 120 orders of a case of two rounds."""
    tip = a_paid_tip("100.00", now=now)
    ends = []
    for dispute in every_way_on(tip, STORY, now=now):
        rounds = tuple(dispute.rounds.order_by("number").values_list("number", "decision"))
        ends.append((dispute.stage, rounds, fresh(tip).status, creator_has(tip)))
        assert (balance(CLEARING), balance(DISPUTED)) == ("0.00", "0.00")
        assert balance(postings.CHARGEBACK_LOSSES) == "5.00"
        assert books_are_balanced()
    assert len(ends) == 120
    assert set(ends) == {
        (Stage.LOST, ((1, "WON"), (2, "LOST")), Status.DISPUTED, ("0.00", "0.00", "0.00"))
    }


def test_without_times_the_usual_order_counts():
    words = [Word.WON, Word.CHARGEBACK, Word.INQUIRY]
    for order in permutations(words):
        case = read([News(word, None) for word in order])
        assert (case.stage, [it.decision for it in case.rounds]) == (Stage.WON, ["WON"])


def test_higher_apps_are_told(now):
    tip = a_paid_tip("100.00", now=now)
    hear(tip, Told.CHARGEBACK, at=now, amount="100.00", now=now)
    hear(tip, Told.CHARGEBACK_WON, at=day(now, 1), now=now)
    names = list(
        OutboxMessage.objects.filter(name__contains="disput")
        .order_by("id")
        .values_list("name", flat=True)
    )
    assert names == ["payments.disputed", "payments.dispute_closed"]


def test_a_deposit_disputed_and_won_leaves_the_wallet_alone(now):
    deposit = a_paid_deposit("50.00", now=now)
    hear(deposit, Told.CHARGEBACK, at=now, now=now)
    hear(deposit, Told.CHARGEBACK_WON, at=day(now, 1), now=now)
    assert balance(postings.wallet(deposit.payer_id)) == "50.00"
    assert balance(CLEARING) == "50.00"
