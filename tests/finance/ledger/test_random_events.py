"""Any events in any order, refused ones too: after every step the books are right."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import Side
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.ledger.selectors.proof import prove

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CURRENCIES = st.sampled_from(["USD", "EUR"])
PEOPLE = st.integers(1, 2)
AMOUNTS = st.integers(10, 100)
FEES = st.integers(0, 5)


class Books(RuleBasedStateMachine):
    """Posts, and keeps the sums by itself: what it is allowed to do it knows from those alone."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: Counter[tuple[AccountRef, str]] = Counter()
        self.posted: list[Draft] = []
        self.number = 0
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def next(self) -> int:
        self.number += 1
        return self.number

    def post(self, draft: Draft) -> None:
        after = self.sums.copy()
        for account, amount in draft.movements:
            after[account, amount.currency] += amount.minor
        if any(below_zero(account, net) for (account, _), net in after.items()):
            with pytest.raises(errors.InsufficientFunds):
                ledger.post(draft, now=NOW)
            return
        assert not ledger.post(draft, now=NOW).replayed
        self.sums = after
        self.posted.append(draft)

    @rule(fan=PEOPLE, amount=AMOUNTS, fee=FEES, currency=CURRENCIES)
    def deposit(self, fan: int, amount: int, fee: int, currency: str) -> None:
        self.post(
            postings.wallet_deposit(
                transaction_id=self.next(), fan_id=fan, gateway="ccbill",
                amount=Money(amount, currency), processing_fee=Money(fee, currency),
                cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(creator=PEOPLE, amount=AMOUNTS, fee=FEES, currency=CURRENCIES)
    def tip_by_card(self, creator: int, amount: int, fee: int, currency: str) -> None:
        self.post(
            postings.tip_by_card(
                transaction_id=self.next(), creator_id=creator, gateway="ccbill",
                amount=Money(amount, currency), platform_fee=Money(fee, currency),
                processing_fee=Money(fee, currency), cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(fan=PEOPLE, creator=PEOPLE, amount=AMOUNTS, fee=FEES, currency=CURRENCIES)
    def tip_from_wallet(
        self, fan: int, creator: int, amount: int, fee: int, currency: str
    ) -> None:
        self.post(
            postings.tip_from_wallet(
                transaction_id=self.next(), fan_id=fan, creator_id=creator,
                amount=Money(amount, currency), platform_fee=Money(fee, currency),
                cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(creator=PEOPLE, amount=AMOUNTS, currency=CURRENCIES)
    def reserve(self, creator: int, amount: int, currency: str) -> None:
        self.post(
            postings.payout_reserved(
                payout_id=self.next(), creator_id=creator, amount=Money(amount, currency),
                cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(amount=AMOUNTS, fee=FEES, currency=CURRENCIES)
    def settle(self, amount: int, fee: int, currency: str) -> None:
        self.post(
            postings.payout_settled(
                payout_id=self.next(), rail="paxum", amount=Money(amount, currency),
                rail_fee=Money(fee, currency), cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(creator=PEOPLE, amount=AMOUNTS, currency=CURRENCIES)
    def release(self, creator: int, amount: int, currency: str) -> None:
        self.post(
            postings.payout_released(
                payout_id=self.next(), creator_id=creator, amount=Money(amount, currency),
                cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(creator=PEOPLE, amount=AMOUNTS, currency=CURRENCIES)
    def come_back(self, creator: int, amount: int, currency: str) -> None:
        self.post(
            postings.payout_returned(
                payout_id=self.next(), creator_id=creator, rail="paxum",
                amount=Money(amount, currency), cluster="boyfanz",
            )
        )  # fmt: skip

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.posted:
            assert ledger.post(data.draw(st.sampled_from(self.posted)), now=NOW).replayed

    @invariant()
    def the_books_are_right(self) -> None:
        assert prove().findings == []
        assert Entry.objects.count() == len(self.posted)
        for (account, currency), net in self.sums.items():
            assert books.balance_of(account, currency) == Money(natural(account, net), currency)
        for currency in ("USD", "EUR"):
            rows = [row for row in books.trial_balance() if row.currency == currency]
            assert sum(row.debit_minor - row.credit_minor for row in rows) == 0


def natural(account: AccountRef, net: int) -> int:
    """Read a debit-positive sum on the account's own side."""
    return net if CHART[account.code].normal_side == Side.DEBIT else -net


def below_zero(account: AccountRef, net: int) -> bool:
    return not CHART[account.code].allows_overdraft and natural(account, net) < 0


@pytest.mark.django_db
def test_books_are_right_after_any_events() -> None:
    run_state_machine_as_test(
        Books, settings=settings(max_examples=20, stateful_step_count=20, deadline=None)
    )
