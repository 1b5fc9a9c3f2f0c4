"""What only a person can find out: two people say the same before money moves."""

import pytest

from apps.audit.models import AuditRecord
from apps.payouts import errors, rules
from apps.payouts import services as payouts
from apps.payouts.adapters import Unclear
from apps.payouts.choices import Status, Verdict
from tests import given
from tests.factories.accounts import StaffFactory
from tests.payouts.books import at_the_rail, balanced, dollars, earnings, in_transit
from tests.payouts.test_send_approved import HOUR, NO_ANSWER, is_settled, live

pytestmark = pytest.mark.django_db


class TestSettleByHand:
    @pytest.fixture
    def stuck(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(NO_ANSWER)
        rail.looks.extend([Unclear("UNREADABLE", "Not XML")] * rules.MAX_LOOKS)
        payouts.send_approved(now=now)
        return live(payout, start=now)

    def settle(self, payout, verdict, *, now, **said):
        """Two people say the same, where money moves."""
        payout = self.say(payout, verdict, now=now, **said)
        return self.say(payout, verdict, now=now, **said) if payout.proposal else payout

    def say(self, payout, verdict, *, now, by=None, reason="called them", **proof):
        return payouts.settle_by_hand(
            payout_id=payout.pk,
            by=by or StaffFactory.create(),
            verdict=verdict,
            reason=reason,
            now=now,
            **proof,
        )

    def test_paid_settles_with_its_proof(self, stuck, now):
        with pytest.raises(errors.TransactionMissing):
            self.settle(stuck, Verdict.PAID, now=now)

        payout = self.settle(
            stuck, Verdict.PAID, now=now, transaction_id="T-9", rail_fee=dollars("1.00")
        )

        assert payout.rail_transaction_id == "T-9"
        assert is_settled(payout)

    def test_not_paid_gives_the_money_back(self, stuck, now):
        payout = self.settle(stuck, Verdict.NOT_PAID, now=now)

        assert payout.status == Status.FAILED
        assert (earnings(payout.creator), in_transit()) == (dollars("50.00"), dollars("0.00"))

    def test_look_again_hands_it_back_to_the_machine(self, stuck, rail, now):
        rail.pay(rail.sent[0])

        self.settle(stuck, Verdict.LOOK_AGAIN, now=now)

        assert payouts.resolve_unknown(now=now) == 1
        stuck.refresh_from_db()
        assert is_settled(stuck)

    def test_one_persons_word_moves_nothing(self, stuck, now):
        one = StaffFactory.create()
        self.say(stuck, Verdict.NOT_PAID, now=now, by=one)
        with pytest.raises(errors.AlreadyProposed):
            self.say(stuck, Verdict.NOT_PAID, now=now, by=one)

        stuck.refresh_from_db()
        assert (stuck.status, stuck.proposed_by) == (Status.UNKNOWN, one)
        assert (earnings(stuck.creator), in_transit()) == (dollars("0.00"), dollars("50.00"))
        assert AuditRecord.objects.filter(action="payouts.settlement_proposed").count() == 1
        assert not AuditRecord.objects.filter(action="payouts.settled_by_hand").exists()

    def test_two_different_words_move_nothing(self, stuck, now):
        paid = {"transaction_id": "T-9", "rail_fee": dollars("1.00")}
        self.say(stuck, Verdict.NOT_PAID, now=now)
        self.say(stuck, Verdict.PAID, now=now, **paid)
        payout = self.say(stuck, Verdict.PAID, now=now, **{**paid, "transaction_id": "T-8"})

        assert (payout.status, payout.proposal["transaction_id"]) == (Status.UNKNOWN, "T-8")
        assert in_transit() == dollars("50.00")

    def test_looking_again_forgets_the_first_word(self, stuck, now):
        self.say(stuck, Verdict.NOT_PAID, now=now)
        payout = self.say(stuck, Verdict.LOOK_AGAIN, now=now)
        assert (payout.proposed_by, payout.proposal) == (None, {})

    def test_is_for_payouts_that_wait_for_a_person(self, rail, now):
        payout = given.an_approved_payout(now=now)

        for verdict in Verdict.values:
            with pytest.raises(errors.WrongState):
                self.settle(payout, verdict, now=now)
        with pytest.raises(errors.ReasonMissing):
            self.settle(payout, Verdict.PAID, now=now, reason="")


class TestMarkReturned:
    def test_gives_the_amount_back_but_not_the_fee(self, rail, now):
        payout = given.an_approved_payout(now=now)
        payouts.send_approved(now=now)

        for eyes in (1, 2):
            payouts.mark_returned(
                payout_id=payout.pk,
                by=StaffFactory.create(),
                reason="Account closed",
                now=now + HOUR,
            )
            assert earnings(payout.creator) == dollars("50.00" if eyes == 2 else "0.00")

        payout.refresh_from_db()
        assert (payout.status, payout.returned_at) == (Status.RETURNED, now + HOUR)
        assert (earnings(payout.creator), at_the_rail()) == (dollars("50.00"), dollars("-1.00"))
        assert balanced()

    def test_refuses_what_was_not_paid(self, rail, now):
        payout = given.an_approved_payout(now=now)

        with pytest.raises(errors.WrongState):
            payouts.mark_returned(
                payout_id=payout.pk,
                by=StaffFactory.create(),
                reason="Account closed",
                now=now,
            )

        assert in_transit() == dollars("50.00")
