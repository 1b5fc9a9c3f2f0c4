"""The workbench: statements, what matched, and what a person must settle."""

from apps.finance.reconciliation.admin.exceptions import ExceptionAdmin
from apps.finance.reconciliation.admin.lines import BookItemAdmin, MatchAdmin, StatementLineAdmin
from apps.finance.reconciliation.admin.sources import StatementSourceAdmin
from apps.finance.reconciliation.admin.statements import StatementAdmin

__all__ = [
    "BookItemAdmin",
    "ExceptionAdmin",
    "MatchAdmin",
    "StatementAdmin",
    "StatementLineAdmin",
    "StatementSourceAdmin",
]
