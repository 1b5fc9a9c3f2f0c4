"""Why a payout is refused."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class PayoutNotFound(NotFound):
    code = "payouts.not_found"
    message = "There is no such payout."


class MethodNotFound(NotFound):
    code = "payouts.method_not_found"
    message = "There is no such payout method."


class RailNotOffered(Invalid):
    code = "payouts.rail_not_offered"
    message = "This way of being paid, or this currency of it, is not offered."


class BadDetails(Invalid):
    code = "payouts.bad_details"
    message = "The details of the payout method are not complete or not well formed."


class BelowMinimum(Invalid):
    code = "payouts.below_minimum"
    message = "The amount is below the smallest payout of this rail."


class AboveMaximum(Invalid):
    code = "payouts.above_maximum"
    message = "The amount is larger than any payout can be."


class ReasonMissing(Invalid):
    code = "payouts.reason_missing"
    message = "Say why."


class TransactionMissing(Invalid):
    code = "payouts.transaction_missing"
    message = "Give the rail's transaction id and fee of the payment."


class NotACreator(NotAllowed):
    code = "payouts.not_a_creator"
    message = "Only a creator has earnings to pay out."


class StaffOnly(NotAllowed):
    code = "payouts.staff_only"
    message = "Only staff may do this."


class NotPermitted(NotAllowed):
    code = "payouts.not_permitted"
    message = "Your role does not include this."


class OwnPayout(NotAllowed):
    code = "payouts.own_payout"
    message = "Nobody decides about a payout to themselves."


class AlreadyApproved(Conflict):
    code = "payouts.already_approved"
    message = "You have approved this payout already; another person must be the second."


class AlreadyProposed(Conflict):
    code = "payouts.already_proposed"
    message = "You have said so already; another person must have seen the same."


class MethodInactive(Conflict):
    code = "payouts.method_inactive"
    message = "The payout method is no longer in use."


class WrongState(Conflict):
    code = "payouts.wrong_state"
    message = "The payout cannot do this in its present state."


class KeyReused(Conflict):
    code = "payouts.key_reused"
    message = "This idempotency key was used for a different payout."
