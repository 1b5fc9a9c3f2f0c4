"""Chargebacks, worked through in dollars."""

# ruff: noqa: E501

from __future__ import annotations

from tests.finance.ledger.stories import told

CHARGEBACKS = [
    ("Message by card, to be disputed", "transaction:15:captured",
     ["Dr 1100 processor:ccbill 40.00", "Cr 2100 profile:7 29.00", "Cr 4000 8.00", "Cr 2200 3.00"]),
    ("Chargeback opened", "chargeback:1:opened",
     ["Dr 1400 processor:ccbill 40.00", "Cr 1100 processor:ccbill 40.00"]),
    ("Chargeback fee", "chargeback:1:fee",
     ["Dr 5300 25.00", "Cr 2200 25.00"]),
    ("Chargeback won", "chargeback:1:won",
     ["Dr 1100 processor:ccbill 40.00", "Cr 1400 processor:ccbill 40.00"]),
    ("Chargeback opened again (second presentment)", "chargeback:2:opened",
     ["Dr 1400 processor:ccbill 40.00", "Cr 1100 processor:ccbill 40.00"]),
    ("Chargeback fee charged to the creator", "chargeback:2:fee",
     ["Dr 2100 profile:7 25.00", "Cr 2200 25.00"]),
    ("Chargeback lost", "chargeback:2:lost",
     ["Dr 2100 profile:7 29.00", "Dr 4000 8.00", "Dr 5310 3.00", "Cr 1400 processor:ccbill 40.00"]),
    ("Chargeback of the tip opened", "chargeback:3:opened",
     ["Dr 1400 processor:ccbill 100.00", "Cr 1100 processor:ccbill 100.00"]),
    ("Chargeback lost, the platform bears it", "chargeback:3:lost",
     ["Dr 5310 100.00", "Cr 1400 processor:ccbill 100.00"]),
    ("Chargeback of the rest of the deposit opened", "chargeback:4:opened",
     ["Dr 1400 processor:ccbill 120.00", "Cr 1100 processor:ccbill 120.00"]),
    ("Chargeback of a deposit lost, a part of it spent", "chargeback:4:lost",
     ["Dr 2000 profile:3 77.00", "Dr 5310 43.00", "Cr 1400 processor:ccbill 120.00"]),
]  # fmt: skip


def test_chargebacks_stand_in_the_journal() -> None:
    assert told("Chargebacks") == CHARGEBACKS
