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
    message = "The books keep no such currency, or not on this account."


class AmountOutOfRange(Invalid):
    code = "ledger.amount_out_of_range"
    message = "The amount of a line must not be zero and must fit the books."


class InsufficientFunds(Conflict):
    code = "ledger.insufficient_funds"
    message = "The balance is too low."


class FeesExceedAmount(Invalid):
    code = "ledger.fees_exceed_amount"
    message = "Fees and taxes are more than the amount they come out of."


class RefundExceedsSale(Conflict):
    code = "ledger.refund_exceeds_sale"
    message = "More would be taken back than is left of the sale."


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
    message = "A reversal is not itself taken back: post the event again; a year is reopened."


class EntryNotFound(NotFound):
    code = "ledger.entry_not_found"
    message = "There is no such entry."


class PeriodNotClosed(Conflict):
    code = "ledger.period_not_closed"
    message = "Only the last closed month can be opened again."


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


class KindNotAllowed(Invalid):
    code = "ledger.kind_not_allowed"
    message = "An entry of this kind may not touch this account on this side."


class NotTheOpposite(Conflict):
    code = "ledger.not_the_opposite"
    message = "A reversal is the exact opposite of its entry, a correction a part of it."


class Malformed(Invalid):
    code = "ledger.malformed"
    message = "An entry needs a source, a kind and a date between 2000 and 2199."


class AccountNotFound(NotFound):
    code = "ledger.account_not_found"
    message = "There is no such account."


class AccountNotEmpty(Conflict):
    code = "ledger.account_not_empty"
    message = "An account is closed with a balance of zero and no open holds."


class ReasonNeeded(Invalid):
    code = "ledger.reason_needed"
    message = "Say why."


class CannotHold(Invalid):
    code = "ledger.cannot_hold"
    message = "Money is held on accounts that may not be overdrawn, more than nothing."


class HoldNotFound(NotFound):
    code = "ledger.hold_not_found"
    message = "There is no such hold."


class HoldEnded(Conflict):
    code = "ledger.hold_ended"
    message = "The hold is already captured, released or expired."


class HoldTooSmall(Conflict):
    code = "ledger.hold_too_small"
    message = "The hold does not keep so much."


class PeriodClosed(Conflict):
    code = "ledger.period_closed"
    message = "The accounting date lies in a closed period."


class EndBeforeStart(Invalid):
    code = "ledger.end_before_start"
    message = "The period ends before it starts."


class UnknownBrand(Invalid):
    code = "ledger.unknown_brand"
    message = "There is no such brand."


class UnknownKind(Invalid):
    code = "ledger.unknown_kind"
    message = "No entry is of such a kind."


class PeriodNotOver(Conflict):
    code = "ledger.period_not_over"
    message = "The month has not ended."


class PeriodOutOfOrder(Conflict):
    code = "ledger.period_out_of_order"
    message = "Months are closed one after another, and opened again from the last."


class PeriodNotClosing(Conflict):
    code = "ledger.period_not_closing"
    message = "The closing of this month was not started."


class PeriodBusy(Conflict):
    code = "ledger.period_busy"
    message = "Something is being posted into this month. Try again."


class ChecklistNotDone(Conflict):
    code = "ledger.checklist_not_done"
    message = "Something must still be done before the month is closed."


class NotAMonth(Invalid):
    code = "ledger.not_a_month"
    message = "A month is named by its first day."


class SamePerson(NotAllowed):
    code = "ledger.same_person"
    message = "A period is opened again by two people."


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
    "FL009": KindNotAllowed,
    "FL010": PeriodClosed,
    "FL011": NotTheOpposite,
    "FL012": NotApproved,
    "FL013": Malformed,
    "FL014": AccountNotEmpty,
    "FL015": CannotHold,
}
