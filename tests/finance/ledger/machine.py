"""A state machine that posts, and keeps a model of the books beside."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from apps.finance.ledger import errors
from apps.finance.ledger import models as stored
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import Outcome
from apps.finance.ledger.postings import Draft
from apps.finance.ledger.selectors.proof import prove
from tests.factories.accounts import StaffFactory
from tests.finance.ledger.model import Model, Refusals

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

BALANCES = """
    SELECT a.code, a.owner, a.currency, sum(b.debits_minor - b.credits_minor)::bigint,
           sum(b.held_minor)::bigint
      FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id GROUP BY a.id"""
LINES = """
    SELECT a.code, a.owner, l.currency, sum(l.amount_minor)::bigint
      FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id GROUP BY a.id, l.currency"""
HOLDS = """
    SELECT a.code, a.owner, a.currency,
           sum(h.amount_minor - h.captured_minor - h.released_minor)::bigint
      FROM ledger_hold h JOIN ledger_account a ON a.id = h.account_id GROUP BY a.id"""


class Machine(RuleBasedStateMachine):
    """What the ledger must answer is known from the model alone."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.number = 0
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.staff = StaffFactory.create()

    def teardown(self) -> None:
        try:
            assert prove().findings == []  # the dear checks: every rule, from every row
        finally:
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def next(self) -> int:
        self.number += 1
        return self.number

    def post(self, draft: Draft) -> bool:
        """Post as the model says: taken, or refused for a reason that it knows."""
        if len(draft.movements) < 2:
            return self.refused(draft, (errors.Unbalanced,))
        refusals = self.model.refusals(draft)
        if refusals:
            return self.refused(draft, refusals)
        (rehearsed,) = ledger.dry_run([draft], now=NOW)
        assert rehearsed.outcome == Outcome.POSTED
        posted = ledger.post(draft, now=NOW)
        assert not posted.replayed
        self.model.take(draft, posted.entry_id)
        return True

    def refused(self, draft: Draft, refusals: Refusals) -> bool:
        with pytest.raises(refusals):
            ledger.post(draft, now=NOW)
        (rehearsed,) = ledger.dry_run([draft], now=NOW)
        assert rehearsed.outcome == Outcome.REFUSED
        return False

    # What holds after every step -----------------------------------------------------------

    @invariant()
    def balances_and_lines_and_holds_are_those_of_the_model(self) -> None:
        model = self.model.balances()
        assert _rows(BALANCES) == model
        assert _rows(LINES) == {key: (net,) for key, (net, _) in model.items() if net}
        assert _rows(HOLDS) == {key: (held,) for key, (_, held) in model.items() if held}

    @invariant()
    def every_currency_sums_to_zero(self) -> None:
        for currency in ("USD", "EUR"):
            assert sum(n for (_, of), n in self.model.sums.items() if of == currency) == 0

    @invariant()
    def nothing_is_below_zero_that_may_not_be(self) -> None:
        for account, currency in self.model.sums:
            bounded = not LEAVES[account.code].allows_overdraft
            assert not (bounded and self.model.available(account, currency) < 0)

    @invariant()
    def the_journal_has_the_entries_of_the_model(self) -> None:
        assert stored.Entry.objects.count() == len(self.model.entries)


def _rows(query: str) -> dict[tuple[str, ...], tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {tuple(row[:3]): tuple(row[3:]) for row in cursor.fetchall() if any(row[3:])}
