"""The books, as Django sees them. Their rules are held by PostgreSQL (migrations/sql)."""

from apps.finance.ledger.models.account import Account, Balance
from apps.finance.ledger.models.check import BooksCheck
from apps.finance.ledger.models.entry import Entry, Line, number_of
from apps.finance.ledger.models.proposal import Proposal

__all__ = ["Account", "Balance", "BooksCheck", "Entry", "Line", "Proposal", "number_of"]
