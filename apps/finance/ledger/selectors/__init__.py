"""Questions about the books. Reads only; no answer needs a scan of all lines."""

from apps.finance.ledger.selectors.books import (
    StatementRow,
    TrialBalanceRow,
    balance_of,
    entry_of,
    last_check,
    statement_of,
    trial_balance,
)

__all__ = [
    "StatementRow",
    "TrialBalanceRow",
    "balance_of",
    "entry_of",
    "last_check",
    "statement_of",
    "trial_balance",
]
