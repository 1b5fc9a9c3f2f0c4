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
from apps.finance.ledger.selectors.proposals import (
    PreviewLine,
    open_proposal_of,
    preview_of_entry,
    proposal_of_entry,
    proposals_of,
    proposals_to_decide,
)
from apps.finance.ledger.selectors.totals import (
    BalanceRow,
    MovementRow,
    balance_as_of,
    balances_on,
    movements,
    owner_movements,
)

__all__ = [
    "BalanceRow",
    "MovementRow",
    "PreviewLine",
    "StatementRow",
    "TrialBalanceRow",
    "balance_as_of",
    "balance_of",
    "balances_on",
    "entry_of",
    "last_check",
    "movements",
    "open_proposal_of",
    "owner_movements",
    "preview_of_entry",
    "proposal_of_entry",
    "proposals_of",
    "proposals_to_decide",
    "statement_of",
    "trial_balance",
]
