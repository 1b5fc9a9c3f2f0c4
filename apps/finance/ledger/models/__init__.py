"""The books, as Django sees them. Their rules are held by PostgreSQL (migrations/sql)."""

from apps.finance.ledger.models.account import Account, Balance
from apps.finance.ledger.models.check import BooksCheck
from apps.finance.ledger.models.entry import Entry, Line, number_of
from apps.finance.ledger.models.hold import Hold
from apps.finance.ledger.models.period import Period, PeriodMove
from apps.finance.ledger.models.proposal import Proposal
from apps.finance.ledger.models.time import (
    AccountSnapshot,
    AccountTotal,
    Block,
    Bookmark,
    CodeSnapshot,
    DayTotal,
    MonthTotal,
)

__all__ = [
    "Account",
    "AccountSnapshot",
    "AccountTotal",
    "Balance",
    "Block",
    "Bookmark",
    "BooksCheck",
    "CodeSnapshot",
    "DayTotal",
    "Entry",
    "Hold",
    "Line",
    "MonthTotal",
    "Period",
    "PeriodMove",
    "Proposal",
    "number_of",
]
