"""Every recipe, worked through in dollars: what an accountant should find in the journal."""

# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.postings import Draft


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def journal(draft: Draft) -> list[str]:
    return [
        f"{'Dr' if m.amount.minor > 0 else 'Cr'} {m.account.code} {m.account.owner}".strip()
        + f" {Money(abs(m.amount.minor), m.amount.currency).decimal}"
        for m in draft.movements
    ]


DEPOSIT = postings.wallet_deposit(
    transaction_id=1, fan_id=3, gateway="ccbill", amount=usd("50.00"),
    processing_fee=usd("5.40"), cluster="boyfanz",
)  # fmt: skip
TIP_CARD = postings.tip_by_card(
    transaction_id=2, creator_id=7, gateway="ccbill", amount=usd("100.00"),
    platform_fee=usd("15.00"), processing_fee=usd("5.00"), cluster="boyfanz",
)  # fmt: skip
TIP_WALLET = postings.tip_from_wallet(
    transaction_id=3, fan_id=3, creator_id=7, amount=usd("20.00"),
    platform_fee=usd("4.00"), cluster="boyfanz",
)  # fmt: skip
OUT: dict[str, Any] = {"payout_id": 9, "amount": usd("80.00"), "cluster": "boyfanz"}


@pytest.mark.parametrize(
    ("draft", "source", "lines"),
    [
        (DEPOSIT, "transaction:1:captured",
         ["Dr 1100 processor:ccbill 50.00", "Cr 2000 profile:3 50.00", "Dr 5100 5.40", "Cr 2200 5.40"]),
        (TIP_CARD, "transaction:2:captured",
         ["Dr 1100 processor:ccbill 100.00", "Cr 2100 profile:7 80.00", "Cr 4000 15.00", "Cr 2200 5.00"]),
        (TIP_WALLET, "transaction:3:captured",
         ["Dr 2000 profile:3 20.00", "Cr 2100 profile:7 16.00", "Cr 4000 4.00"]),
        (postings.payout_reserved(creator_id=7, **OUT), "payout:9:reserved",
         ["Dr 2100 profile:7 80.00", "Cr 2300 80.00"]),
        (postings.payout_settled(rail="paxum", rail_fee=usd("1.00"), **OUT), "payout:9:settled",
         ["Dr 2300 80.00", "Dr 5200 1.00", "Cr 1200 rail:paxum 81.00"]),
        (postings.payout_settled(rail="paxum", rail_fee=usd("0.00"), **OUT), "payout:9:settled",
         ["Dr 2300 80.00", "Cr 1200 rail:paxum 80.00"]),
        (postings.payout_released(creator_id=7, **OUT), "payout:9:released",
         ["Dr 2300 80.00", "Cr 2100 profile:7 80.00"]),
        (postings.payout_returned(creator_id=7, rail="paxum", **OUT), "payout:9:returned",
         ["Dr 1200 rail:paxum 80.00", "Cr 2100 profile:7 80.00"]),
    ],
)  # fmt: skip
def test_recipe_moves_exactly(draft: Draft, source: str, lines: list[str]) -> None:
    assert draft.source == source
    assert draft.cluster == "boyfanz"
    assert journal(draft) == lines
    assert sum(m.amount.minor for m in draft.movements) == 0
