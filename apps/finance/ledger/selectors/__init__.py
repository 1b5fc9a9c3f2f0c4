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
from apps.finance.ledger.selectors.chain import Link, Root, link_of, roots
from apps.finance.ledger.selectors.creators import CreatorFlow, creator_flows
from apps.finance.ledger.selectors.holds import available_of, available_of_many, holds_of
from apps.finance.ledger.selectors.periods import (
    ChecklistItem,
    PeriodRow,
    checklist_of,
    closed_to,
    moves_of,
    next_to_close,
    period_rows,
    state_of,
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
    "ChecklistItem",
    "CreatorFlow",
    "Link",
    "MovementRow",
    "PeriodRow",
    "PreviewLine",
    "Root",
    "StatementRow",
    "TrialBalanceRow",
    "available_of",
    "available_of_many",
    "balance_as_of",
    "balance_of",
    "balances_on",
    "checklist_of",
    "closed_to",
    "creator_flows",
    "entry_of",
    "holds_of",
    "last_check",
    "link_of",
    "movements",
    "moves_of",
    "next_to_close",
    "open_proposal_of",
    "owner_movements",
    "period_rows",
    "preview_of_entry",
    "proposal_of_entry",
    "proposals_of",
    "proposals_to_decide",
    "roots",
    "state_of",
    "statement_of",
    "trial_balance",
]
