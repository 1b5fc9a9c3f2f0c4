"""send_approved and resolve_unknown: each outcome of a rail, and that nothing is paid twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.payouts import errors, rules
from apps.payouts import services as payouts
from apps.payouts.adapters import Found, Later, Record, Refused, Unclear, Unknown
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from tests import given
from tests.payouts.books import at_the_rail, balanced, costs, dollars, earnings, in_transit

pytestmark = pytest.mark.django_db
NO_ANSWER = Unknown("NO_ANSWER", "Silence")
HOUR = timedelta(hours=1)


def tick(*, now):
    return payouts.send_approved(now=now), payouts.resolve_unknown(now=now)


def live(payout, *, start, hours=48):
    """Let the clock run until nothing moves any more."""
    for quarter in range(hours * 4):
        tick(now=start + quarter * timedelta(minutes=15))
    payout.refresh_from_db()
    return payout


def is_settled(payout):
    assert payout.status == Status.PAID
    assert (in_transit(), at_the_rail(), costs()) == (
        dollars("0.00"),
        dollars("-51.00"),
        dollars("1.00"),
    )
    assert balanced()
    return True


class TestSendApproved:
    def test_pays_once_and_settles_the_ledger(self, rail, now):
        payout = given.an_approved_payout(now=now)

        assert payouts.send_approved(now=now) == 1
        assert payouts.send_approved(now=now + HOUR) == 0

        payout.refresh_from_db()
        assert (payout.paid_at, payout.attempts, payout.rail_fee) == (now, 1, dollars("1.00"))
        assert is_settled(payout)
        assert len(rail.sent) == 1
        assert rail.sent[0].destination == payout.destination
        assert rail.looked == []
        assert OutboxMessage.objects.filter(name="payouts.paid").count() == 1
        assert list(payout.events.order_by("id").values_list("status", flat=True)) == [
            Status.REQUESTED,
            Status.IN_REVIEW,
            Status.APPROVED,
            Status.SENDING,
            Status.PAID,
        ]

    def test_a_refusal_gives_the_money_back(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(Refused("NM", "Names differ"))

        assert payouts.send_approved(now=now) == 0

        payout.refresh_from_db()
        assert (payout.status, payout.failure_code) == (Status.FAILED, "NM")
        assert (earnings(payout.creator), in_transit()) == (dollars("50.00"), dollars("0.00"))
        message = OutboxMessage.objects.get(name="payouts.failed")
        assert message.payload["failure_code"] == "NM"

    def test_later_waits_looks_first_and_then_pays(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(Later("51", "No funds"))

        assert payouts.send_approved(now=now) == 0
        payout.refresh_from_db()
        due = now + rules.backoff(attempt=1, seed=payout.rail_reference)
        assert (payout.status, payout.next_attempt_at) == (Status.APPROVED, due)
        assert payouts.send_approved(now=due - timedelta(seconds=1)) == 0
        assert payouts.send_approved(now=due) == 1

        payout.refresh_from_db()
        assert rail.looked == [payout.rail_reference]
        assert is_settled(payout)

    def test_does_not_send_again_when_the_look_before_finds_it(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(Later("51", "A wrong answer: it was paid all the same"))
        rail.while_sending = lambda: rail.pay(rail.sent[-1])

        payouts.send_approved(now=now)
        payout = live(payout, start=now + HOUR)

        assert len(rail.sent) == 1
        assert is_settled(payout)

    def test_does_not_send_again_when_the_look_before_proves_nothing(self, rail, now):
        given.an_approved_payout(now=now)
        rail.answers.append(Later("51", "No funds"))
        rail.looks.append(Unclear("NO_ANSWER", "Silence"))

        payouts.send_approved(now=now)
        assert payouts.send_approved(now=now + HOUR) == 0
        assert len(rail.sent) == 1

        assert payouts.send_approved(now=now + 2 * HOUR) == 1

    def test_gives_up_to_a_person_after_twelve_attempts(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.extend([Later("51", "No funds")] * 100)

        payout = live(payout, start=now, hours=96)

        assert (len(rail.sent), payout.needs_attention) == (rules.MAX_ATTEMPTS, True)
        assert (payout.status, in_transit()) == (Status.APPROVED, dollars("50.00"))

    def test_one_refusal_does_not_stop_the_others(self, rail, now):
        creator = given.a_creator("150.00", now=now)
        for number in range(3):
            given.an_approved_payout(creator=creator, key=f"k{number}", now=now)
        rail.answers.append(Refused("NM", "Names differ"))

        assert payouts.send_approved(now=now) == 2

    def test_takes_no_more_than_its_limit(self, rail, now):
        creator = given.a_creator("150.00", now=now)
        for number in range(3):
            given.an_approved_payout(creator=creator, key=f"k{number}", now=now)

        assert payouts.send_approved(now=now, limit=2) == 2
        assert payouts.send_approved(now=now) == 1

    def test_a_claim_that_ran_out_before_the_call_is_taken_up(self, rail, now):
        payout = given.an_approved_payout(now=now)
        Payout.objects.update(
            status=Status.SENDING, claimed_until=now, attempts=1, next_attempt_at=None
        )

        assert payouts.send_approved(now=now) == 0
        assert payouts.send_approved(now=now + timedelta(seconds=1)) == 1

        payout.refresh_from_db()
        assert is_settled(payout)

    def test_an_answer_that_comes_after_its_claim_ran_out_is_not_lost(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.while_sending = lambda: payouts.send_approved(now=now + 2 * rules.LEASE)

        payouts.send_approved(now=now)

        payout.refresh_from_db()
        assert len(rail.sent) == 1
        assert payout.events.filter(status=Status.UNKNOWN).count() == 1
        assert is_settled(payout)


class TestResolveUnknown:
    def test_finds_what_was_paid(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.while_sending = lambda: rail.pay(rail.sent[-1])
        rail.answers.append(NO_ANSWER)

        payouts.send_approved(now=now)
        payout.refresh_from_db()
        assert (payout.status, in_transit()) == (Status.UNKNOWN, dollars("50.00"))
        payout = live(payout, start=now)

        assert len(rail.sent) == 1
        assert is_settled(payout)

    def test_sends_once_more_only_after_two_misses_and_a_quarter_of_an_hour(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(NO_ANSWER)
        payouts.send_approved(now=now)

        for minute in range(15):
            tick(now=now + minute * timedelta(minutes=1))
        assert len(rail.sent) == 1
        payout = live(payout, start=now + timedelta(minutes=15))

        assert len(rail.sent) == 2
        assert is_settled(payout)

    def test_finds_it_late_in_a_history_that_lags(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.while_sending = lambda: rail.pay(rail.sent[-1])
        rail.answers.append(NO_ANSWER)
        rail.looks.extend([Found(())] * 2)

        payouts.send_approved(now=now)
        payout = live(payout, start=now)

        assert len(rail.sent) == 1
        assert is_settled(payout)

    def test_calls_a_person_when_the_one_resend_is_not_there_either(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.extend([NO_ANSWER] * 9)

        payout = live(payout, start=now)

        assert (len(rail.sent), payout.needs_attention) == (2, True)
        assert (payout.status, in_transit()) == (Status.UNKNOWN, dollars("50.00"))

    def test_calls_a_person_when_the_history_stays_unclear(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(NO_ANSWER)
        rail.looks.extend([Unclear("UNREADABLE", "Not XML")] * 99)

        payout = live(payout, start=now)

        assert (len(rail.sent), len(rail.looked)) == (1, rules.MAX_LOOKS)
        assert (payout.needs_attention, payout.failure_code) == (True, "STILL_UNKNOWN")

    @pytest.mark.parametrize(
        "wrong",
        [
            [("49.99", "USD", "payee@domain.example")],
            [("50.00", "EUR", "payee@domain.example")],
            [("50.00", "USD", "thief@domain.example")],
            [("50.00", "USD", "payee@domain.example")] * 2,
        ],
        ids=["amount", "currency", "payee", "twice"],
    )
    def test_calls_a_person_when_the_history_shows_something_else(self, rail, now, wrong):
        payout = given.an_approved_payout(now=now)
        rail.answers.append(NO_ANSWER)
        rows = [
            Record(
                transaction_id=f"T-{number}",
                amount=Money.of(amount, currency),
                fee=dollars("1.00"),
                payee=payee,
                completed=True,
            )
            for number, (amount, currency, payee) in enumerate(wrong)
        ]
        rail.looks.append(Found(tuple(rows)))

        payouts.send_approved(now=now)
        payout = live(payout, start=now, hours=4)

        assert (payout.status, payout.needs_attention) == (Status.UNKNOWN, True)
        assert (payout.failure_code, in_transit()) == ("MISMATCH", dollars("50.00"))
        assert (len(rail.sent), at_the_rail()) == (1, dollars("0.00"))

    def test_a_creator_cannot_cancel_what_may_have_been_paid(self, rail, now):
        payout = given.an_approved_payout(now=now)
        rail.answers.extend([NO_ANSWER, Later("51", "No funds")])
        payouts.send_approved(now=now)
        with pytest.raises(errors.WrongState):
            payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)
        payouts.resolve_unknown(now=now + HOUR)
        payouts.resolve_unknown(now=now + 2 * HOUR)
        payout.refresh_from_db()
        assert payout.status == Status.APPROVED

        with pytest.raises(errors.WrongState):
            payouts.cancel_payout(payout_id=payout.pk, creator=payout.creator, now=now)

        assert in_transit() == dollars("50.00")


@pytest.mark.django_db(transaction=True)
class TestTwoTicksAtOnce:
    def test_send_each_payout_once(self, rail, now):
        creator = given.a_creator("500.00", now=now)
        for number in range(10):
            given.an_approved_payout(creator=creator, key=f"k{number}", now=now)

        def run(_: int) -> int:
            try:
                return payouts.send_approved(now=now)
            finally:
                connection.close()

        with ThreadPoolExecutor(max_workers=4) as pool:
            paid = sum(pool.map(run, range(4)))

        assert paid == 10
        assert len({order.reference for order in rail.sent}) == len(rail.sent) == 10
        assert (in_transit(), at_the_rail()) == (dollars("0.00"), dollars("-510.00"))
        assert not Payout.objects.exclude(status=Status.PAID).exists()
        assert balanced()
