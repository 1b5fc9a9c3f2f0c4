"""The worked examples, posted one after the other through the real ledger."""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import UTC, datetime

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.ledger import errors, postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.chart import CHART
from apps.finance.ledger.choices import EntryKind, Side
from apps.finance.ledger.postings import AccountRef, Draft
from apps.finance.ledger.postings.examples import STORY
from apps.finance.ledger.postings.kinds import KINDS
from apps.finance.ledger.selectors.proof import prove

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
#: Needs a proposal that two people decided: tests/finance/ledger/test_proposals.py.
BY_HAND = EntryKind.MANUAL_ADJUSTMENT
#: The trial balance at the end, in dollars, debit positive.
END = {
    "1000": "102906.70",
    "1100": "-128.75",
    "1150": "20.00",
    "1200": "9967.50",
    "1500": "4875.00",
    "2050": "-2.50",
    "2100": "-52.20",
    "2200": "-57.13",
    "2400": "-0.25",
    "2600": "-19000.00",
    "3000": "-100000.00",
    "3100": "260.00",
    "3900": "-108.00",
    "4000": "53.12",
    "4100": "-1.50",
    "4200": "-2.00",
    "4900": "-0.50",
    "5100": "-35.49",
    "5200": "18.00",
    "5300": "25.00",
    "5310": "146.00",
    "5400": "5.00",
    "5500": "2.00",
    "5900": "1110.00",
}


@pytest.mark.django_db
def test_every_example_moves_its_accounts_by_its_lines() -> None:
    sums: Counter[tuple[AccountRef, str]] = Counter()
    for example in STORY:
        if example.draft.kind == BY_HAND:
            continue
        with transaction.atomic():
            assert not ledger.post(example.draft, now=NOW).replayed, example.title
        for account, amount in example.draft.movements:
            sums[account, amount.currency] += amount.minor
        for account, amount in example.draft.movements:
            net = sums[account, amount.currency]
            assert books.balance_of(account, amount.currency) == _natural(account, net, amount)
    assert prove().findings == []
    end: Counter[str] = Counter()
    for row in books.trial_balance():
        if row.currency == "USD":
            end[row.code] += row.debit_minor - row.credit_minor
    assert {code: str(Money(net, "USD").decimal) for code, net in end.items() if net} == END


@pytest.mark.django_db
def test_an_adjustment_by_hand_needs_an_approved_proposal() -> None:
    draft = next(example.draft for example in STORY if example.draft.kind == BY_HAND)
    with transaction.atomic(), pytest.raises(errors.NotApproved):
        ledger.post(draft, now=NOW)
    assert books.balance_of(postings.cash("main"), "USD") == Money(0, "USD")


def test_every_recipe_has_an_example() -> None:
    generic = {"sold_by_card", "sold_from_wallet", "sold_to_one", "draft_of"}
    recipes = {
        name
        for name in postings.__all__
        if inspect.isfunction(getattr(postings, name))
        and inspect.signature(getattr(postings, name)).return_annotation == "Draft"
    }
    assert recipes - generic == {example.recipe.__name__ for example in STORY}


def test_every_kind_has_an_example_but_those_of_taking_back() -> None:
    shown = {example.draft.kind for example in STORY}
    taking_back = {EntryKind.REVERSAL, EntryKind.CORRECTION}
    assert set(EntryKind) - shown == taking_back | {EntryKind.CURRENCY_REVALUED}


def test_every_example_balances_and_suits_its_kind() -> None:
    for example in STORY:
        for currency in {m.amount.currency for m in example.draft.movements}:
            assert _sum(example.draft, currency) == 0, example.title
        rule = KINDS[example.draft.kind]
        for account, amount in example.draft.movements:
            assert account.code in (rule.debit if amount.minor > 0 else rule.credit)


def test_no_source_is_told_twice() -> None:
    sources = [example.draft.source for example in STORY]
    assert len(sources) == len(set(sources))


def test_every_topic_is_checked_line_by_line() -> None:
    checked = {
        "The company", "Deposits and store credit", "Sales", "Refunds", "Never used",
        "Chargebacks", "Creators", "Payouts", "Processors", "Taxes, losses and the year's end",
    }  # fmt: skip
    assert {example.topic for example in STORY} == checked


def _sum(draft: Draft, currency: str) -> int:
    return sum(m.amount.minor for m in draft.movements if m.amount.currency == currency)


def _natural(account: AccountRef, net: int, amount: Money) -> Money:
    debit_side = CHART[account.code].normal_side == Side.DEBIT
    return Money(net if debit_side else -net, amount.currency)
