"""Any events in any order, refused ones too: after every step the books are right.

On failure Hypothesis prints the shortest way there; ``LEDGER_SEED`` walks the printed seed again.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import LEAVES
from apps.finance.ledger.choices import Bearer, EntryKind, OwnerKind
from apps.finance.ledger.postings import AccountRef, Draft, Movement, Tax, part_of, sale_of
from tests.finance.ledger.machine import Machine
from tests.finance.ledger.model import Entry, Held, Sold, moved_by
from tests.finance.ledger.simple_events import BRAND, CARD, opening_events, simple_events

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
CURRENCIES = st.sampled_from(["USD", "EUR"])
FANS, CREATORS = st.integers(3, 4), st.integers(7, 8)
AMOUNTS = st.integers(10, 100)
SMALL = st.integers(0, 3)
BY_CARD = [kind for kind in EntryKind if kind.value.endswith("_CARD")]
BY_CARD.remove(EntryKind.REFUND_CARD)
FROM_WALLET = [kind for kind in EntryKind if kind.value.endswith("_WALLET")]
FROM_WALLET.remove(EntryKind.REFUND_WALLET)
OWNERS = {
    OwnerKind.NONE: "", OwnerKind.PROFILE: "profile:7", OwnerKind.PROCESSOR: "processor:ccbill",
    OwnerKind.RAIL: "rail:paxum", OwnerKind.BANK: "bank:main", OwnerKind.TAX: "tax:DE",
}  # fmt: skip
TAKES_BACK = {EntryKind.REVERSAL, EntryKind.CORRECTION}


class Books(Machine):
    """All events, each with what the ledger must answer to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sold: list[Sold] = []
        self.holds: list[Held] = []

    @initialize(rich=st.booleans())
    def begin(self, rich: bool) -> None:
        """Let there be something to spend, half of the times."""
        for currency in ("USD", "EUR") if rich else ():
            for draft in opening_events(self.next(), Money(300, currency)):
                assert self.post(draft._replace(source=f"{draft.source}:{self.next()}"))

    # Fans pay ------------------------------------------------------------------------------

    @rule(fan=FANS, amount=AMOUNTS, fee=SMALL, currency=CURRENCIES)
    def deposit(self, fan: int, amount: int, fee: int, currency: str) -> None:
        self.post(
            postings.wallet_deposit(
                transaction_id=self.next(), fan_id=fan, gateway=CARD,
                amount=Money(amount, currency), processing_fee=Money(fee, currency), cluster=BRAND,
            )
        )  # fmt: skip

    @rule(data=st.data(), fan=FANS, amount=AMOUNTS, currency=CURRENCIES, by_card=st.booleans())
    def sell(
        self, data: st.DataObject, fan: int, amount: int, currency: str, by_card: bool
    ) -> None:
        fee, processing, tax = (Money(data.draw(SMALL), currency) for _ in range(3))
        sale = sale_of(
            transaction_id=self.next(), cluster=BRAND, amount=Money(amount, currency),
            creators=data.draw(st.dictionaries(CREATORS, st.integers(1, 3), min_size=1)),
            platform_fee=fee, taxes=(Tax("DE", tax),),
            processing_fee=processing if by_card else None,
            fee_borne_by=data.draw(st.sampled_from(Bearer)),
            credit=None if by_card else Money(data.draw(SMALL), currency),
        )  # fmt: skip
        kind = data.draw(st.sampled_from(BY_CARD if by_card else FROM_WALLET))
        draft = (
            postings.sold_by_card(kind, sale=sale, gateway=CARD)
            if by_card
            else postings.sold_from_wallet(kind, sale=sale, fan_id=fan)
        )
        if self.post(draft):
            self.sold.append(Sold(sale, fan, by_card))

    # And get it back -----------------------------------------------------------------------

    @precondition(lambda self: any(sold.left for sold in self.sold))
    @rule(data=st.data(), all_of_it=st.booleans(), knows_funds=st.booleans(), fee=st.booleans())
    def refund(self, data: st.DataObject, all_of_it: bool, knows_funds: bool, fee: bool) -> None:
        sold = data.draw(st.sampled_from([sold for sold in self.sold if sold.left]))
        amount = self.some_of(data, sold, all_of_it)
        shared: dict[str, Any] = {
            "refund_id": self.next(), "part": part_of(sold.sale, amount, earlier=sold.taken),
            "platform_fee_returned": fee, "kept_fees_borne_by": data.draw(st.sampled_from(Bearer)),
            "funds": self.funds(sold) if knows_funds else {},
        }  # fmt: skip
        draft = (
            postings.refund_to_card(
                gateway=CARD, processing_fee_returned=data.draw(st.booleans()), **shared
            )
            if sold.by_card
            else postings.refund_to_wallet(fan_id=sold.fan, **shared)
        )
        if self.post(draft):
            sold.taken.append(amount)

    @precondition(lambda self: any(sold.left and sold.by_card for sold in self.sold))
    @rule(data=st.data(), won=st.booleans(), borne_by=st.sampled_from(Bearer), fee=SMALL)
    def charge_back(self, data: st.DataObject, won: bool, borne_by: Bearer, fee: int) -> None:
        sold = data.draw(st.sampled_from([s for s in self.sold if s.left and s.by_card]))
        amount = self.some_of(data, sold, data.draw(st.booleans()))
        case: dict[str, Any] = {"chargeback_id": self.next(), "gateway": CARD}
        money: dict[str, Any] = {"amount": amount, "cluster": BRAND}
        self.post(postings.chargeback_opened(**case, **money))
        if fee:
            creator = data.draw(st.sampled_from([None, 7]))
            self.post(
                postings.chargeback_fee(
                    chargeback_id=self.number, fee=Money(fee, amount.currency), cluster=BRAND,
                    creator_id=creator, funds=self.model.funds(7, amount.currency),
                )
            )  # fmt: skip
        if won:
            self.post(postings.chargeback_won(**case, **money))
        else:  # with its funds known, a lost chargeback is always taken
            assert self.post(
                postings.chargeback_lost(
                    part=part_of(sold.sale, amount, earlier=sold.taken), borne_by=borne_by,
                    funds=self.funds(sold), **case,
                )
            )  # fmt: skip
            sold.taken.append(amount)

    def some_of(self, data: st.DataObject, sold: Sold, all_of_it: bool) -> Money:
        minor = sold.left if all_of_it else data.draw(st.integers(1, sold.left))
        return Money(minor, sold.sale.amount.currency)

    def funds(self, sold: Sold) -> dict[int, postings.Funds]:
        currency = sold.sale.amount.currency
        return {
            share.creator_id: self.model.funds(share.creator_id, currency)
            for share in sold.sale.shares
        }

    # Everything that needs only an amount --------------------------------------------------

    @rule(data=st.data(), amount=AMOUNTS, fee=SMALL, currency=CURRENCIES)
    def something_else(self, data: st.DataObject, amount: int, fee: int, currency: str) -> None:
        fan, creator = data.draw(FANS), data.draw(CREATORS)
        drafts = simple_events(
            self.next(), fan, creator, Money(amount, currency), Money(fee, currency)
        )
        self.post(drafts[data.draw(st.sampled_from(sorted(drafts)))])

    @rule(creator=CREATORS, currency=CURRENCIES)
    def recover(self, creator: int, currency: str) -> None:
        owed = self.model.available(postings.due_from_creator(creator), currency)
        earned = self.model.available(postings.creator_payable(creator), currency)
        facts: dict[str, Any] = {
            "recovery_id": self.next(), "creator_id": creator, "owed": Money(owed, currency),
            "earned": Money(earned, currency), "cluster": BRAND,
        }  # fmt: skip
        if owed and earned:
            assert self.post(postings.debt_recovered(**facts))
        else:
            with pytest.raises(errors.AmountOutOfRange):
                postings.debt_recovered(**facts)

    @rule(currency=CURRENCIES)
    def close_the_year(self, currency: str) -> None:
        results = [
            Movement(account, Money(net, currency))
            for (account, of), net in self.model.sums.items()
            if of == currency and account.code[0] in "45" and net
        ]
        if not results:
            return
        closing = postings.year_closed(
            year=self.next(), currency=currency, cluster=BRAND, results=results,
            effective_on=NOW.date(),
        )  # fmt: skip
        assert self.post(closing)
        assert not any(self.model.sums[result.account, currency] for result in results)

    @rule(
        data=st.data(), amount=AMOUNTS, kind=st.sampled_from(sorted(set(EntryKind) - TAKES_BACK))
    )
    def anything(self, data: st.DataObject, amount: int, kind: EntryKind) -> None:
        """Debit any account and credit any other: whether its kind may is the table's to say."""
        one, other = (
            AccountRef(code, OWNERS[LEAVES[code].owner])
            for code in data.draw(st.permutations(sorted(LEAVES)))[:2]
        )
        money = Money(amount, "USD")
        self.post(
            postings.draft_of(
                kind, f"anything:{self.next()}", BRAND,
                postings.debit(one, money), postings.credit(other, money),
            )
        )  # fmt: skip

    # Taking back ---------------------------------------------------------------------------

    @precondition(lambda self: self.model.entries)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.model.entries))
        again = ledger.post(entry.draft, now=NOW)
        assert (again.entry_id, again.replayed) == (entry.entry_id, True)
        with pytest.raises(errors.SourceReused):
            ledger.post(entry.draft._replace(memo="other"), now=NOW)

    @precondition(lambda self: self.reversible())
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.reversible()))
        reason = f"reason {self.next()}"
        draft = Draft(
            EntryKind.REVERSAL, f"entry:{entry.entry_id}:reversed",
            tuple(Movement(account, -amount) for account, amount in entry.draft.movements),
            BRAND, reason, reverses=entry.entry_id, actor_id=self.staff.pk,
        )  # fmt: skip
        refusals = self.model.refuses_reversal(entry, draft)
        asked: dict[str, Any] = {"by": self.staff, "reason": reason, "now": NOW}
        if refusals:
            with pytest.raises(refusals):
                ledger.reverse(entry_id=entry.entry_id, **asked)
            return
        draft = draft._replace(cluster=entry.draft.cluster)
        self.model.take(draft, ledger.reverse(entry_id=entry.entry_id, **asked).entry_id)
        entry.reversed = True
        if entry.target is not None:
            entry.target.corrections -= 1
            entry.target.taken_back.subtract(entry.moved)

    @precondition(lambda self: self.correctable())
    @rule(data=st.data(), amount=st.integers(1, 60))
    def correct(self, data: st.DataObject, amount: int) -> None:
        entry = data.draw(st.sampled_from(self.correctable()))
        keys = data.draw(st.permutations(sorted(entry.moved)))
        (one, currency), (other, _) = keys[:2]
        money = Money(amount if entry.moved[keys[0]] < 0 else -amount, currency)
        movements = (Movement(one, money), Movement(other, -money))
        key = str(self.next())
        draft = Draft(
            EntryKind.CORRECTION, f"entry:{entry.entry_id}:corrected:{key}", movements,
            entry.draft.cluster, "typo", corrects=entry.entry_id, actor_id=self.staff.pk,
        )  # fmt: skip
        asked: dict[str, Any] = {
            "entry_id": entry.entry_id, "key": key, "movements": movements, "by": self.staff,
            "reason": "typo", "now": NOW,
        }  # fmt: skip
        refusals = self.model.refuses_correction(entry, draft)
        if refusals:
            with pytest.raises(refusals):
                ledger.correct(**asked)
            return
        taken = self.model.take(draft, ledger.correct(**asked).entry_id)
        taken.target = entry
        entry.corrections += 1
        entry.taken_back.update(moved_by(draft))

    def reversible(self) -> list[Entry]:
        never = {EntryKind.REVERSAL, EntryKind.PERIOD_CLOSE}
        return [e for e in self.model.entries if e.draft.kind not in never]

    def correctable(self) -> list[Entry]:
        return [
            entry
            for entry in self.model.entries
            if entry.draft.kind not in TAKES_BACK | {EntryKind.PERIOD_CLOSE}
            and len({currency for _, currency in entry.moved}) == 1
            and len(entry.moved) > 1
        ]

    # Holds ---------------------------------------------------------------------------------

    @rule(fan=FANS, amount=st.integers(1, 30), currency=CURRENCIES, expires=st.booleans())
    def hold(self, fan: int, amount: int, currency: str, expires: bool) -> None:
        account = postings.wallet(fan)
        asked: dict[str, Any] = {
            "account": account, "amount": Money(amount, currency), "source": f"h:{self.next()}",
            "now": NOW, "expires_at": NOW + timedelta(hours=1) if expires else None,
        }  # fmt: skip
        if self.model.available(account, currency) < amount:
            with pytest.raises(errors.InsufficientFunds):
                ledger.place_hold(**asked)
            return
        placed = ledger.place_hold(**asked)
        self.model.held[account, currency] += amount
        self.holds.append(Held(placed.pk, account, currency, amount, expires))

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), final=st.booleans())
    def capture(self, data: st.DataObject, final: bool) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        amount = data.draw(st.integers(1, hold.left + 1))
        draft = postings.tip_from_wallet(
            transaction_id=self.next(), fan_id=int(hold.account.owner.split(":")[1]), creator_id=7,
            amount=Money(amount, hold.currency),
            platform_fee=Money(0, hold.currency), cluster=BRAND,
        )  # fmt: skip
        asked: dict[str, Any] = {
            "hold_id": hold.hold_id, "draft": draft, "now": NOW, "final": final,
        }  # fmt: skip
        if amount > hold.left:
            with pytest.raises(errors.HoldTooSmall):
                ledger.capture_hold(**asked)
            return
        posted = ledger.capture_hold(**asked)
        self.give_back(hold, hold.left if final else amount)
        assert not self.model.refusals(draft)
        self.model.take(draft, posted.entry_id)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), all_of_it=st.booleans())
    def release(self, data: st.DataObject, all_of_it: bool) -> None:
        hold = data.draw(st.sampled_from(self.holds))
        part = hold.left if all_of_it else data.draw(st.integers(1, hold.left))
        ledger.release_hold(
            hold_id=hold.hold_id, amount=None if all_of_it else Money(part, hold.currency), now=NOW
        )
        self.give_back(hold, part)

    @rule()
    def expire(self) -> None:
        due = [hold for hold in self.holds if hold.expires]
        assert ledger.expire_holds(now=NOW + timedelta(hours=1)) == len(due)
        for hold in due:
            self.give_back(hold, hold.left)

    def give_back(self, hold: Held, amount: int) -> None:
        hold.left -= amount
        self.model.held[hold.account, hold.currency] -= amount
        self.holds = [hold for hold in self.holds if hold.left]


@pytest.mark.django_db
def test_books_are_right_after_any_events() -> None:
    number = int(os.environ.get("LEDGER_SEED") or random.SystemRandom().randrange(2**32))
    sys.stdout.write(f"LEDGER_SEED={number}\n")  # shown when it fails
    run_state_machine_as_test(
        seed(number)(Books),
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
