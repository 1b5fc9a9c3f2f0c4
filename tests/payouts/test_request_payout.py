"""request_payout: the ways in, the ways it says no, and what the ledger shows after each."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.ledger.errors import InsufficientFunds
from apps.payouts import errors, selectors
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from tests import given
from tests.payouts.books import balanced, dollars, earnings, in_transit

pytestmark = pytest.mark.django_db


def ask(creator, method, amount="50.00", key="k", *, now):
    return payouts.request_payout(
        creator=creator,
        method_id=method.pk,
        amount=Money.of(amount, "USD"),
        idempotency_key=key,
        now=now,
    )


class TestRequestPayout:
    def test_reserves_the_amount_at_once(self, now):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)

        payout = ask(creator, method, now=now)

        assert (payout.status, payout.amount) == (Status.REQUESTED, dollars("50.00"))
        assert (payout.cluster, payout.destination) == (creator.cluster, method.details)
        assert (earnings(creator), in_transit()) == (dollars("30.00"), dollars("50.00"))
        assert selectors.pending_total(creator, "USD") == dollars("50.00")
        assert payout.events.get().status == Status.REQUESTED
        message = OutboxMessage.objects.get(name="payouts.requested")
        assert message.payload == {"payout_id": payout.pk, "creator_id": creator.pk}

    def test_happens_once_for_one_key(self, now):
        creator = given.a_creator("200.00", now=now)
        method = given.a_payout_method(creator, now=now)

        first, second = ask(creator, method, now=now), ask(creator, method, now=now)

        assert first == second
        assert in_transit() == dollars("50.00")

    def test_answers_a_repeat_even_after_the_method_was_switched_off(self, now):
        creator = given.a_creator("200.00", now=now)
        method = given.a_payout_method(creator, now=now)
        first = ask(creator, method, now=now)
        payouts.deactivate_method(method_id=method.pk, profile=creator, now=now)

        assert ask(creator, method, now=now) == first

    def test_refuses_the_same_key_for_another_amount(self, now):
        creator = given.a_creator("200.00", now=now)
        method = given.a_payout_method(creator, now=now)
        ask(creator, method, now=now)

        with pytest.raises(errors.KeyReused):
            ask(creator, method, "60.00", now=now)

        assert in_transit() == dollars("50.00")

    @pytest.mark.parametrize(
        ("amount", "refusal"),
        [
            ("19.99", errors.BelowMinimum),
            ("-50.00", errors.BelowMinimum),
            ("80.01", InsufficientFunds),
            ("92233720368547758.07", errors.AboveMaximum),
        ],
    )
    def test_refuses_and_moves_nothing(self, now, amount, refusal):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)

        with pytest.raises(refusal):
            ask(creator, method, amount, now=now)

        assert not Payout.objects.exists()
        assert (earnings(creator), in_transit()) == (dollars("80.00"), dollars("0.00"))

    def test_refuses_anothers_method(self, now):
        creator, other = given.a_creator("80.00", now=now), given.a_creator("0.00", now=now)
        method = given.a_payout_method(other, now=now)

        with pytest.raises(errors.MethodNotFound):
            ask(creator, method, now=now)

        assert earnings(creator) == dollars("80.00")

    def test_refuses_a_method_that_was_switched_off(self, now):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)
        payouts.deactivate_method(method_id=method.pk, profile=creator, now=now)

        with pytest.raises(errors.MethodInactive):
            ask(creator, method, now=now)

        assert earnings(creator) == dollars("80.00")

    def test_refuses_a_fan(self, now):
        creator = given.a_creator("80.00", now=now)
        method = given.a_payout_method(creator, now=now)
        creator.is_creator = False
        creator.save()

        with pytest.raises(errors.NotACreator):
            ask(creator, method, now=now)

        assert earnings(creator) == dollars("80.00")


@pytest.mark.django_db(transaction=True)
class TestFiftyAtOnce:
    @pytest.mark.parametrize("one_key", [True, False])
    def test_on_a_balance_that_covers_one_succeed_once(self, now, one_key):
        creator = given.a_creator("50.00", now=now)
        method = given.a_payout_method(creator, now=now)

        def attempt(number: int) -> int:
            try:
                return int(ask(creator, method, key="k" if one_key else f"k{number}", now=now).pk)
            except InsufficientFunds:
                return 0
            finally:
                connection.close()

        with ThreadPoolExecutor(max_workers=25) as pool:
            answers = list(pool.map(attempt, range(50)))

        payout = Payout.objects.get()
        assert answers.count(payout.pk) == (50 if one_key else 1)
        assert (earnings(creator), in_transit()) == (dollars("0.00"), dollars("50.00"))
        assert balanced()
