"""Bank payments in the console: mandates, debits, files to and from the bank, transfers."""

from apps.finance.debits.admin.debits import DebitAdmin, MandateAdmin, TransferAdmin
from apps.finance.debits.admin.files import DebitFileAdmin
from apps.finance.debits.admin.found import FoundFileAdmin, ReturnRateAdmin
from apps.finance.debits.admin.news import BankFileAdmin, BankItemAdmin

__all__ = [
    "BankFileAdmin",
    "BankItemAdmin",
    "DebitAdmin",
    "DebitFileAdmin",
    "FoundFileAdmin",
    "MandateAdmin",
    "ReturnRateAdmin",
    "TransferAdmin",
]
