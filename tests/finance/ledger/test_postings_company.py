"""The company, its processors, its taxes and the year's end, worked through in dollars."""

# ruff: noqa: E501

from __future__ import annotations

from tests.finance.ledger.stories import told

THE_COMPANY = [
    ("Capital paid in", "capital:1",
     ["Dr 1000 bank:main 100000.00", "Cr 3000 100000.00"]),
    ("Loan received", "loan_payment:1",
     ["Dr 1000 bank:main 20000.00", "Cr 2600 20000.00"]),
    ("Loan repaid with interest", "loan_payment:2",
     ["Dr 2600 1000.00", "Dr 5900 85.00", "Cr 1000 bank:main 1085.00"]),
    ("Equipment bought", "purchase:1",
     ["Dr 1500 5000.00", "Cr 1000 bank:main 5000.00"]),
    ("Equipment written down", "depreciation:1",
     ["Dr 5900 125.00", "Cr 1500 125.00"]),
    ("Hosting paid", "expense:1",
     ["Dr 5900 900.00", "Cr 1000 bank:main 900.00"]),
    ("Profit paid to the owner", "capital:2",
     ["Dr 3100 300.00", "Cr 1000 bank:main 300.00"]),
    ("Payout rail funded", "funding:1",
     ["Dr 1200 rail:paxum 10000.00", "Dr 5200 15.00", "Cr 1000 bank:main 10015.00"]),
]  # fmt: skip
PROCESSORS = [
    ("Settlement as expected, 10 % kept in reserve", "settlement:1",
     ["Dr 1000 bank:main 85.00", "Dr 1150 processor:ccbill 10.00", "Dr 2200 5.00", "Cr 1100 processor:ccbill 100.00"]),
    ("Settlement with higher fees and a gap", "settlement:2",
     ["Dr 1000 bank:main 46.50", "Dr 2200 2.60", "Dr 5100 0.40", "Dr 2900 0.50", "Cr 1100 processor:ccbill 50.00"]),
    ("Fees for declined cards", "processing_charge:1",
     ["Dr 5100 4.20", "Cr 2200 4.20"]),
    ("More kept in reserve", "processor_reserve:1:held",
     ["Dr 1150 processor:ccbill 20.00", "Cr 1100 processor:ccbill 20.00"]),
    ("Reserve paid out", "processor_reserve:1:released",
     ["Dr 1000 bank:main 10.00", "Cr 1150 processor:ccbill 10.00"]),
    ("Processor's invoice paid, less than expected", "processor_invoice:1",
     ["Dr 2200 25.40", "Cr 5100 0.40", "Cr 1000 bank:main 25.00"]),
    ("The gap turns out to be a bank's fee", "reconciliation:1",
     ["Dr 5100 0.50", "Cr 2900 0.50"]),
]  # fmt: skip
YEAR_END = [
    ("Sales tax paid", "tax_payment:1",
     ["Dr 2400 tax:US-CA 0.60", "Cr 1000 bank:main 0.60"]),
    ("Withheld tax paid", "tax_payment:2",
     ["Dr 2450 tax:US 19.20", "Cr 1000 bank:main 19.20"]),
    ("Creator's debt written off", "write_off:1",
     ["Dr 5500 2.00", "Cr 1300 profile:8 2.00"]),
    ("Currency exchanged with a gain", "exchange:1",
     ["Dr 3900 100.00", "Cr 1000 bank:main 100.00", "Dr 1000 bank:main 110.00", "Cr 3900 110.00", "Dr 3900 2.00", "Cr 4200 2.00"]),
    ("Manual adjustment, after four eyes", "proposal:1",
     ["Dr 5900 12.00", "Cr 1000 bank:main 12.00"]),
    ("Year closed", "close:2026:boyfanz:USD",
     ["Dr 4000 100.00", "Cr 5100 60.00", "Cr 3100 40.00"]),
]  # fmt: skip


def test_the_company_stand_in_the_journal() -> None:
    assert told("The company") == THE_COMPANY


def test_processors_stand_in_the_journal() -> None:
    assert told("Processors") == PROCESSORS


def test_year_end_stand_in_the_journal() -> None:
    assert told("Taxes, losses and the year's end") == YEAR_END
