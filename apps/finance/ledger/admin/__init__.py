"""The books in the console: look at everything, edit nothing, change by four eyes."""

from apps.finance.ledger.admin.accounts import AccountAdmin, HoldAdmin
from apps.finance.ledger.admin.checks import BooksCheckAdmin
from apps.finance.ledger.admin.entries import EntryAdmin
from apps.finance.ledger.admin.periods import PeriodAdmin
from apps.finance.ledger.admin.proposals import ProposalAdmin

__all__ = [
    "AccountAdmin",
    "BooksCheckAdmin",
    "EntryAdmin",
    "HoldAdmin",
    "PeriodAdmin",
    "ProposalAdmin",
]
