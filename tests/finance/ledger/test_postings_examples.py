"""Fans pay, worked through in dollars: what an accountant should find in the journal."""

# ruff: noqa: E501

from __future__ import annotations

from tests.finance.ledger.stories import told

DEPOSITS_AND_STORE_CREDIT = [
    ("Wallet deposit by card", "transaction:1:captured",
     ["Dr 1100 processor:ccbill 150.00", "Cr 2000 profile:3 150.00", "Dr 5100 15.90", "Cr 2200 15.90"]),
    ("Store credit granted", "credit:1:granted",
     ["Dr 5400 10.00", "Cr 2050 profile:3 10.00"]),
]  # fmt: skip
SALES = [
    ("Tip by card", "transaction:2:captured",
     ["Dr 1100 processor:ccbill 100.00", "Cr 2100 profile:7 80.00", "Cr 4000 15.00", "Cr 2200 5.00"]),
    ("Tip from the wallet", "transaction:3:captured",
     ["Dr 2000 profile:3 20.00", "Cr 2100 profile:7 16.00", "Cr 4000 4.00"]),
    ("Subscription by card", "transaction:4:captured",
     ["Dr 1100 processor:ccbill 25.00", "Cr 2100 profile:7 18.00", "Cr 4000 5.00", "Cr 2200 2.00"]),
    ("Subscription from the wallet", "transaction:5:captured",
     ["Dr 2000 profile:3 10.00", "Cr 2100 profile:7 8.00", "Cr 4000 2.00"]),
    ("Renewal by card, processing fee on the platform", "transaction:6:captured",
     ["Dr 1100 processor:ccbill 25.00", "Cr 2100 profile:7 20.00", "Cr 4000 5.00", "Dr 5100 2.00", "Cr 2200 2.00"]),
    ("Renewal from the wallet", "transaction:7:captured",
     ["Dr 2000 profile:3 10.00", "Cr 2100 profile:7 8.00", "Cr 4000 2.00"]),
    ("Paid trial by card", "transaction:8:captured",
     ["Dr 1100 processor:ccbill 1.00", "Cr 2100 profile:7 0.50", "Cr 4000 0.20", "Cr 2200 0.30"]),
    ("Paid trial from the wallet", "transaction:16:captured",
     ["Dr 2000 profile:3 1.00", "Cr 2100 profile:7 0.80", "Cr 4000 0.20"]),
    ("Content to Germany, 19 % VAT on the whole price", "transaction:10:captured",
     ["Dr 1100 processor:ccbill 119.00", "Cr 2100 profile:7 73.00", "Cr 4000 20.00", "Cr 2400 tax:DE 19.00", "Cr 2200 7.00"]),
    ("Content from the wallet", "transaction:9:captured",
     ["Dr 2000 profile:3 8.00", "Cr 2100 profile:7 6.40", "Cr 4000 1.60"]),
    ("Content of two creators, 60 to 40", "transaction:12:captured",
     ["Dr 1100 processor:ccbill 50.01", "Cr 2100 profile:7 22.21", "Cr 2100 profile:8 14.80", "Cr 4000 10.00", "Cr 2200 3.00"]),
    ("Message to California, state and county tax on top", "transaction:11:captured",
     ["Dr 1100 processor:ccbill 10.85", "Cr 2100 profile:7 7.00", "Cr 4000 2.00", "Cr 2400 tax:US-CA 0.60", "Cr 2400 tax:US-CA-LA 0.25", "Cr 2200 1.00"]),
    ("Message from store credit and the wallet", "transaction:14:captured",
     ["Dr 2050 profile:3 5.00", "Dr 2000 profile:3 1.00", "Cr 2100 profile:7 4.80", "Cr 4000 1.20"]),
]  # fmt: skip


def test_deposits_and_store_credit_stand_in_the_journal() -> None:
    assert told("Deposits and store credit") == DEPOSITS_AND_STORE_CREDIT


def test_sales_stand_in_the_journal() -> None:
    assert told("Sales") == SALES
