"""Statements of others, our book items beside them, and what was made of both."""

from apps.finance.reconciliation.models.exception import ReconciliationException
from apps.finance.reconciliation.models.match import BookItem, Match
from apps.finance.reconciliation.models.source import StatementSource
from apps.finance.reconciliation.models.statement import Statement, StatementChunk, StatementLine

__all__ = [
    "BookItem",
    "Match",
    "ReconciliationException",
    "Statement",
    "StatementChunk",
    "StatementLine",
    "StatementSource",
]
