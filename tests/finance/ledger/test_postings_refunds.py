"""Refunds, and what is never used, worked through in dollars."""

# ruff: noqa: E501

from __future__ import annotations

from tests.finance.ledger.stories import told

REFUNDS = [
    ("Full refund to the card, the processor returns its fee", "refund:1",
     ["Dr 2100 profile:7 18.00", "Dr 4000 5.00", "Dr 2200 2.00", "Cr 1100 processor:ccbill 25.00"]),
    ("Half of the German sale, the processor keeps its fee", "refund:2",
     ["Dr 2100 profile:7 40.00", "Dr 4000 10.00", "Dr 2400 tax:DE 9.50", "Cr 1100 processor:ccbill 59.50"]),
    ("The other half, the platform bears the processor's fee", "refund:3",
     ["Dr 2100 profile:7 36.50", "Dr 4000 10.00", "Dr 2400 tax:DE 9.50", "Dr 5100 3.50", "Cr 1100 processor:ccbill 59.50"]),
    ("Two creators refund; the platform keeps its fee, one owes the rest", "refund:4",
     ["Dr 2100 profile:7 30.01", "Dr 2100 profile:8 14.80", "Dr 1300 profile:8 5.20", "Cr 1100 processor:ccbill 50.01"]),
    ("Refund to the wallet", "refund:5",
     ["Dr 2100 profile:7 6.40", "Dr 4000 1.60", "Cr 2000 profile:3 8.00"]),
    ("Half of a sale paid with store credit, to credit and wallet", "refund:6",
     ["Dr 2100 profile:7 2.40", "Dr 4000 0.60", "Cr 2050 profile:3 2.50", "Cr 2000 profile:3 0.50"]),
    ("Deposit refunded to the card, half of the fee returned", "refund:7",
     ["Dr 2000 profile:3 30.00", "Cr 1100 processor:ccbill 30.00", "Dr 2200 1.59", "Cr 5100 1.59"]),
]  # fmt: skip
NEVER_USED = [
    ("Store credit expired", "credit:1:expired",
     ["Dr 2050 profile:3 5.00", "Cr 5400 5.00"]),
    ("Wallet never spent", "breakage:1",
     ["Dr 2000 profile:3 1.50", "Cr 4100 1.50"]),
]  # fmt: skip


def test_refunds_stand_in_the_journal() -> None:
    assert told("Refunds") == REFUNDS


def test_never_used_stand_in_the_journal() -> None:
    assert told("Never used") == NEVER_USED
