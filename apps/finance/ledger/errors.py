"""Why the ledger refuses a posting. A refused posting has written nothing at all."""

from apps.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound


class Unbalanced(Invalid):
    code = "ledger.unbalanced"
    message = "An entry needs at least two lines that sum to zero in every currency."


class UnknownAccount(Invalid):
    code = "ledger.unknown_account"
    message = "The chart of accounts has no such account."


class WrongCurrency(Invalid):
    code = "ledger.wrong_currency"
    message = "A line must have the currency of its account."


class AmountOutOfRange(Invalid):
    code = "ledger.amount_out_of_range"
    message = "The amount of a line must not be zero and must fit the books."


class InsufficientFunds(Conflict):
    code = "ledger.insufficient_funds"
    message = "The balance is too low."


class AccountClosed(Conflict):
    code = "ledger.account_closed"
    message = "The account is closed or frozen."


class SourceReused(Conflict):
    code = "ledger.source_reused"
    message = "This event is already in the books with other content."


class AlreadyReversed(Conflict):
    code = "ledger.already_reversed"
    message = "The entry is already reversed."


class NotReversible(Conflict):
    code = "ledger.not_reversible"
    message = "A reversal is not itself reversed: post the event again."


class EntryNotFound(NotFound):
    code = "ledger.entry_not_found"
    message = "There is no such entry."


class NotApproved(NotAllowed):
    code = "ledger.not_approved"
    message = "An entry by hand needs a proposal that a second person has approved."


class ProposalNotFound(NotFound):
    code = "ledger.proposal_not_found"
    message = "There is no such proposal."


class ProposalNotPermitted(NotAllowed):
    code = "ledger.proposal_not_permitted"
    message = "Your roles do not include this."


class ProposalNeedsReason(Invalid):
    code = "ledger.proposal_needs_reason"
    message = "Say why, in 500 characters at most."


class ProposalDecided(Conflict):
    code = "ledger.proposal_decided"
    message = "The proposal is already decided."


class ProposalExpired(Conflict):
    code = "ledger.proposal_expired"
    message = "Nobody decided the proposal in time. Propose it again."


class ProposalReused(Conflict):
    code = "ledger.proposal_reused"
    message = "This form was sent before, with other content."


class AlreadyProposed(Conflict):
    code = "ledger.already_proposed"
    message = "The same is already proposed and waits for a decision."


class OwnProposal(NotAllowed):
    code = "ledger.own_proposal"
    message = "You proposed it; somebody else must decide."


class OwnAccount(NotAllowed):
    code = "ledger.own_account"
    message = "It moves money of your own profile; somebody else must decide."


#: The SQLSTATEs that migrations/sql/ raises, class FL being ours alone.
BY_SQLSTATE: dict[str, type[DomainError]] = {
    "FL001": Unbalanced,
    "FL002": InsufficientFunds,
    "FL003": UnknownAccount,
    "FL004": AccountClosed,
    "FL005": SourceReused,
    "FL006": WrongCurrency,
    "FL007": AmountOutOfRange,
    "FL008": AlreadyReversed,
    "FL012": NotApproved,
}
