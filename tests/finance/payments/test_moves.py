"""Any sequence of moves, legal or not: states, history, refunded sum and ledger stay true."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors
from apps.finance.payments.choices import NEXT, PAID, AttemptStatus, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.services import move as moves
from tests import given
from tests.conftest import reference_data
from tests.factories.accounts import ProfileFactory

PRICE = 50_00


class Payment(RuleBasedStateMachine):
    """A deposit of 50.00 at the mercy of whoever calls."""

    @initialize()
    def begin(self):
        self.now = timezone.now()
        self.mark = transaction.savepoint()
        self.fan = ProfileFactory.create()
        self.row = given.a_deposit(self.fan, now=self.now)
        self.state, self.refunded, self.was_disputed = Status.REQUIRES_ACTION, 0, False

    def attempt(self, act, expected, **more):
        """Do it; return whether it was done, and hold that to the table of moves."""
        before = (self.state, self.row.history.count())
        row = Transaction.objects.select_related("cluster", "payer").get(pk=self.row.pk)
        try:
            with transaction.atomic():
                act(transaction=row, now=self.now, reason="test", **more)
        except (errors.WrongState, errors.AmountOutOfRange):
            self.row.refresh_from_db()
            assert (self.row.status, self.row.history.count()) == before
            return False
        self.row.refresh_from_db()
        assert self.row.status == expected or self.row.status in PAID
        assert self.row.status == before[0] or self.row.status in NEXT[Status(before[0])]
        assert self.row.history.count() == before[1] + 1
        self.state = Status(self.row.status)
        return True

    @rule()
    def capture(self):
        was = self.state
        done = self.attempt(moves.capture, Status.CAPTURED, reference=f"sale-{self.row.pk}")
        assert done == (Status.CAPTURED in NEXT[was] and was not in PAID)

    @rule()
    def authorise(self):
        self.attempt(moves.authorise, Status.AUTHORISED)

    @rule()
    def fail(self):
        self.attempt(moves.fail, Status.FAILED, code="05")

    @rule()
    def cancel(self):
        self.attempt(moves.cancel, Status.CANCELLED)

    @rule(other=st.sampled_from([Status.PROCESSING, Status.UNKNOWN, Status.EXPIRED]))
    def wait(self, other):
        self.attempt(moves.move, other, target=other)

    @rule(minor=st.integers(1, PRICE + 1))
    def refund(self, minor):
        was = self.state
        done = self.attempt(moves.mark_refunded, Status.REFUNDED, amount=Money(minor, "USD"))
        assert done == (was in PAID and self.refunded + minor <= PRICE)
        self.refunded += minor * done

    @rule(minor=st.integers(1, PRICE + 1))
    def bounce(self, minor):
        was = self.state
        done = self.attempt(moves.mark_refund_undone, Status.CAPTURED, amount=Money(minor, "USD"))
        assert done == (was in PAID and self.refunded >= minor)
        self.refunded -= minor * done

    @rule()
    def dispute(self):
        was = self.state
        assert self.attempt(moves.mark_disputed, Status.DISPUTED) == (was in PAID)

    @rule()
    def close_dispute(self):
        was = self.state
        assert self.attempt(moves.mark_dispute_closed, Status.CAPTURED) == (was in PAID)

    @invariant()
    def money_is_booked_once_and_only_when_paid(self):
        if not hasattr(self, "row"):
            return
        paid = self.state in PAID
        assert (self.row.captured_at is not None) == paid
        assert ledger.balance_of(postings.wallet(self.fan.pk), "USD").minor == PRICE * paid
        assert (self.row.attempts.get().status == AttemptStatus.PAID) == paid
        assert self.row.refunded_minor == self.refunded

    @invariant()
    def the_state_says_what_was_refunded(self):
        if not hasattr(self, "row") or self.state not in PAID - {Status.DISPUTED}:
            return
        whole = Status.REFUNDED if self.refunded == PRICE else Status.PARTLY_REFUNDED
        assert self.state == (whole if self.refunded else Status.CAPTURED)

    def teardown(self):
        if hasattr(self, "mark"):
            transaction.savepoint_rollback(self.mark)
            connection.needs_rollback = False


@pytest.mark.slow
class TestAnyMoves(Payment.TestCase, TestCase):  # type: ignore[misc, valid-type]
    settings = hypothesis_settings(  # type: ignore[assignment]
        max_examples=15, stateful_step_count=15, deadline=None
    )

    @classmethod
    def setUpTestData(cls):
        reference_data()  # a transactional test before it may have taken it away
