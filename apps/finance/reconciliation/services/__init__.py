"""Import statements, match them with the books, settle what is left."""

from apps.finance.reconciliation.services.by_hand import match_by_hand, undo_match
from apps.finance.reconciliation.services.decide import accept_exception, post_difference
from apps.finance.reconciliation.services.load import load_statement, load_waiting
from apps.finance.reconciliation.services.match import (
    match_open_again,
    match_statement,
    match_waiting,
)
from apps.finance.reconciliation.services.receive import (
    LARGEST_FILE,
    Received,
    receive_statement,
)
from apps.finance.reconciliation.services.sources import add_source, set_source
from apps.finance.reconciliation.services.transfers import (
    Settlement,
    post_funding,
    post_settlement,
)

__all__ = [
    "LARGEST_FILE",
    "Received",
    "Settlement",
    "accept_exception",
    "add_source",
    "load_statement",
    "load_waiting",
    "match_by_hand",
    "match_open_again",
    "match_statement",
    "match_waiting",
    "post_difference",
    "post_funding",
    "post_settlement",
    "receive_statement",
    "set_source",
    "undo_match",
]
