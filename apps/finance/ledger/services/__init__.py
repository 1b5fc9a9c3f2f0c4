"""The only ways into the books: the posts and reverse; and the proof, check_books."""

from apps.finance.ledger.services.accounts import (
    close_account,
    freeze_account,
    reopen_account,
    unfreeze_account,
)
from apps.finance.ledger.services.bulk import Result, dry_run, post_each
from apps.finance.ledger.services.check import check_books, check_slice
from apps.finance.ledger.services.correct import correct
from apps.finance.ledger.services.holds import (
    capture_hold,
    expire_holds,
    place_hold,
    release_hold,
)
from apps.finance.ledger.services.periods import (
    abandon_closing,
    close_period,
    reopen_period,
    start_closing,
)
from apps.finance.ledger.services.post import Posted, post, post_alone, post_many
from apps.finance.ledger.services.proposals import (
    approve_proposal,
    expire_proposals,
    propose_correction,
    propose_entry,
    propose_reopening,
    propose_reversal,
    rehearse,
    rehearse_entry,
    reject_proposal,
)
from apps.finance.ledger.services.reverse import reverse
from apps.finance.ledger.services.roll import Rolled, forget_totals, roll_forward

__all__ = [
    "Posted",
    "Result",
    "Rolled",
    "abandon_closing",
    "approve_proposal",
    "capture_hold",
    "check_books",
    "check_slice",
    "close_account",
    "close_period",
    "correct",
    "dry_run",
    "expire_holds",
    "expire_proposals",
    "forget_totals",
    "freeze_account",
    "place_hold",
    "post",
    "post_alone",
    "post_each",
    "post_many",
    "propose_correction",
    "propose_entry",
    "propose_reopening",
    "propose_reversal",
    "rehearse",
    "rehearse_entry",
    "reject_proposal",
    "release_hold",
    "reopen_account",
    "reopen_period",
    "reverse",
    "roll_forward",
    "start_closing",
    "unfreeze_account",
]
