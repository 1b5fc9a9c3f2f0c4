"""Creators' reserves, debts, taxes and payouts, worked through in dollars."""

from __future__ import annotations

from tests.finance.ledger.stories import told

CREATORS = [
    ("Promotion paid by a creator", "platform_charge:1",
     ["Dr 2100 profile:7 5.00", "Cr 4000 5.00"]),
    ("Reserve held", "reserve:1:held",
     ["Dr 2100 profile:7 10.00", "Cr 2150 profile:7 10.00"]),
    ("Reserve released", "reserve:1:released:1",
     ["Dr 2150 profile:7 10.00", "Cr 2100 profile:7 10.00"]),
    ("Tip to the creator in debt", "transaction:17:captured",
     ["Dr 1100 processor:ccbill 4.40", "Cr 2100 profile:8 3.20", "Cr 4000 0.88", "Cr 2200 0.32"]),
    ("Debt recovered from later earnings", "recovery:1",
     ["Dr 2100 profile:8 3.20", "Cr 1300 profile:8 3.20"]),
    ("Backup withholding of 24 %", "withholding:1",
     ["Dr 2100 profile:7 19.20", "Cr 2450 tax:US 19.20"]),
]  # fmt: skip
PAYOUTS = [
    ("Payout reserved", "payout:9:reserved",
     ["Dr 2100 profile:7 30.00", "Cr 2300 30.00"]),
    ("Payout settled, fee on the platform", "payout:9:settled",
     ["Dr 2300 30.00", "Dr 5200 1.00", "Cr 1200 rail:paxum 31.00"]),
    ("Payout returned, the rail keeps a fee", "payout:9:returned",
     ["Dr 1200 rail:paxum 28.00", "Dr 5200 2.00", "Cr 2100 profile:7 30.00"]),
    ("Payout reserved again", "payout:10:reserved",
     ["Dr 2100 profile:7 30.00", "Cr 2300 30.00"]),
    ("Payout settled, fee on the creator", "payout:10:settled",
     ["Dr 2300 30.00", "Cr 1200 rail:paxum 29.50", "Cr 4900 0.50"]),
    ("A small payout reserved", "payout:11:reserved",
     ["Dr 2100 profile:7 5.00", "Cr 2300 5.00"]),
    ("Payout cancelled", "payout:11:released",
     ["Dr 2300 5.00", "Cr 2100 profile:7 5.00"]),
]  # fmt: skip


def test_creators_stand_in_the_journal() -> None:
    assert told("Creators") == CREATORS


def test_payouts_stand_in_the_journal() -> None:
    assert told("Payouts") == PAYOUTS
