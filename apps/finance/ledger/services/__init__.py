"""The only ways into the books: the posts and reverse; and the proof, check_books."""

from apps.finance.ledger.services.check import check_books
from apps.finance.ledger.services.post import Posted, post, post_alone, post_many
from apps.finance.ledger.services.proposals import (
    approve_proposal,
    expire_proposals,
    propose_entry,
    propose_reversal,
    rehearse,
    rehearse_entry,
    reject_proposal,
)
from apps.finance.ledger.services.reverse import reverse
from apps.finance.ledger.services.roll import Rolled, roll_forward

__all__ = [
    "Posted",
    "Rolled",
    "approve_proposal",
    "check_books",
    "expire_proposals",
    "post",
    "post_alone",
    "post_many",
    "propose_entry",
    "propose_reversal",
    "rehearse",
    "rehearse_entry",
    "reject_proposal",
    "reverse",
    "roll_forward",
]
