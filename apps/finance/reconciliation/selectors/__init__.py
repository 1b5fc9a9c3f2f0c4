"""Questions about statements and what they prove. Reads only."""

from apps.finance.reconciliation.selectors.proof import Proof, Step, proof_of
from apps.finance.reconciliation.selectors.transfers import OpenTransfer, open_transfers, parties
from apps.finance.reconciliation.selectors.workbench import (
    ROWS,
    TypeFigure,
    Unproven,
    chosen_items,
    chosen_lines,
    could_belong_to,
    exceptions_by_type,
    open_items,
    open_lines,
    open_since,
    unproven_in,
)

__all__ = [
    "ROWS",
    "OpenTransfer",
    "Proof",
    "Step",
    "TypeFigure",
    "Unproven",
    "chosen_items",
    "chosen_lines",
    "could_belong_to",
    "exceptions_by_type",
    "open_items",
    "open_lines",
    "open_since",
    "open_transfers",
    "parties",
    "proof_of",
    "unproven_in",
]
