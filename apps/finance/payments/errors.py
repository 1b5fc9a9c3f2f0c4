"""What payments can refuse."""

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable


class WrongState(Conflict):
    code = "payments.wrong_state"
    message = "The payment is not in a state that permits this."


class KeyReused(Conflict):
    code = "payments.key_reused"
    message = "This idempotency key was used for another payment."


class BadKey(Invalid):
    code = "payments.bad_key"
    message = "Give an idempotency key of 1 to 200 characters."


class AmountOutOfRange(Invalid):
    code = "payments.amount_out_of_range"
    message = "The amount is outside what can be paid this way."


class CurrencyNotOffered(Invalid):
    code = "payments.currency_not_offered"
    message = "Payments in this currency are not offered here."


class MessageTooLong(Invalid):
    code = "payments.message_too_long"
    message = "The message is longer than 280 characters."


class TipToOneself(Invalid):
    code = "payments.tip_to_oneself"
    message = "Nobody can tip themselves."


class SoldToOneself(Invalid):
    code = "payments.sold_to_oneself"
    message = "Nobody can buy from themselves."


class NotForSale(Invalid):
    code = "payments.not_for_sale"
    message = "This cannot be sold: it is not named, or not of a kind that is sold."


class NotACreator(Invalid):
    code = "payments.not_a_creator"
    message = "Only creators can be paid."


class CreatorNotFound(NotFound):
    code = "payments.creator_not_found"
    message = "There is no such creator here."


class InsufficientWallet(Invalid):
    code = "payments.insufficient_wallet"
    message = "The wallet does not hold this amount."


class SpendingLimitReached(Invalid):
    """Of the fan's own; the facts say which, what is left of it, and when it begins anew."""

    code = "payments.spending_limit_reached"
    message = "This is more than the spending limit you set for yourself lets you pay."


class TransactionNotFound(NotFound):
    code = "payments.transaction_not_found"
    message = "There is no such payment."


class WebhookNotFound(NotFound):
    code = "payments.webhook_not_found"
    message = "There is no such webhook."


class ReplayNotAllowed(NotAllowed):
    code = "payments.replay_not_allowed"
    message = "You may not replay webhooks."


class SettleNotAllowed(NotAllowed):
    code = "payments.settle_not_allowed"
    message = "You may not settle payments."


class OwnPayment(NotAllowed):
    code = "payments.own_payment"
    message = "Nobody decides about a payment of their own."


class BadOutcome(Invalid):
    code = "payments.bad_outcome"
    message = "A payment is settled as captured or as failed."


class ReferenceMissing(Invalid):
    code = "payments.reference_missing"
    message = "Give the gateway's reference of the sale."


class SaleClaimed(Conflict):
    code = "payments.sale_claimed"
    message = "Another payment claims this sale of the gateway."


class ReasonMissing(Invalid):
    code = "payments.reason_missing"
    message = "Say why."


class NothingToReplay(Conflict):
    code = "payments.nothing_to_replay"
    message = "A webhook that was processed, or still waits, cannot be replayed."


class NoMerchantAccount(Unavailable):
    code = "payments.no_merchant_account"
    message = "Card payments are not available on this site at the moment."


class NoRoute(Unavailable):
    """The log says which account was left out, and why."""

    code = "payments.no_route"
    message = "This payment cannot be taken at the moment. Please try again later."


class NoFee(Unavailable):
    code = "payments.no_fee"
    message = "No fee is set for this payment, so it cannot be taken."


class FeeInThePast(Invalid):
    code = "payments.fee_in_the_past"
    message = "A fee can begin in the future only: payments already made keep theirs."


class FeeNotPossible(Invalid):
    code = "payments.fee_not_possible"
    message = "These rates exceed the whole amount, or this kind of payment cannot have them."


class FeeTaken(Conflict):
    code = "payments.fee_taken"
    message = "A fee from that very moment exists; fees are never edited."


class ReturnRefused(Invalid):
    code = "payments.return_refused"
    message = "The payment page's answer could not be verified."


class RefundNotAllowed(NotAllowed):
    code = "payments.refund_not_allowed"
    message = "You may not refund payments."


class RefundNotFound(NotFound):
    code = "payments.refund_not_found"
    message = "There is no such refund."


class NotPaid(Conflict):
    code = "payments.not_paid"
    message = "Only a payment that was captured can be refunded."


class NothingLeft(Conflict):
    code = "payments.nothing_left"
    message = "Less than this is left of the payment: the rest is refunded, or disputed."


class RefundNotOffered(Conflict):
    code = "payments.refund_not_offered"
    message = "The gateway takes no such refund: refund to the wallet, or in its own console."


class WrongRefundState(Conflict):
    code = "payments.wrong_refund_state"
    message = "The refund is not in a state that permits this."


class SecondPersonNeeded(NotAllowed):
    code = "payments.second_person_needed"
    message = "Somebody else must decide about a refund that you asked for."


class DisputeNotFound(NotFound):
    code = "payments.dispute_not_found"
    message = "There is no such dispute."


class DisputeNotAllowed(NotAllowed):
    code = "payments.dispute_not_allowed"
    message = "You may not manage disputes."


class WrongStage(Conflict):
    code = "payments.wrong_stage"
    message = "The dispute is not at a stage that permits this."


class EvidenceNotFound(NotFound):
    code = "payments.evidence_not_found"
    message = "There is no such evidence."


class EvidenceMissing(Invalid):
    code = "payments.evidence_missing"
    message = "Make the evidence first: what was sent must be on record."


class PolicyInThePast(Invalid):
    code = "payments.policy_in_the_past"
    message = "A policy can begin in the future only: what was promised before stands."


class PolicyTaken(Conflict):
    code = "payments.policy_taken"
    message = "A policy from that very moment exists; policies are never edited."


class StaffMustLook(Conflict):
    """News of money that does not fit what is known; its text says what a person must find out."""

    code = "payments.staff_must_look"
    message = "The gateway's news does not fit the payment: a person must look."

    def __init__(self, why: str, **facts: object) -> None:
        super().__init__(**facts)
        self.args = (why,)


class TooEarly(Conflict):
    """News that must wait for other news; it is heard again later."""

    code = "payments.too_early"
    message = "What this is about has not been told yet."


class WebhookEmptied(Conflict):
    code = "payments.webhook_emptied"
    message = "What was sent is no longer kept as it came, so it cannot be heard again."


class WebhookNotWaiting(Conflict):
    code = "payments.webhook_not_waiting"
    message = "The webhook is not in a state that permits this."


class CheckoutUnavailable(Unavailable):
    code = "payments.checkout_unavailable"
    message = "The card processor does not answer. Nothing was charged; try again in a minute."


class TooManyTries(Conflict):
    """Each payment is judged once, when it begins: who tries many cards must begin again."""

    code = "payments.too_many_tries"
    message = "This payment was tried too often. Nothing was charged; please begin another one."


class NeverAgain(Conflict):
    """The card networks forbid it: Visa Rules 7.3.6.4, Mastercard's excellence programme."""

    code = "payments.never_again"
    message = "This card may not be charged for this again. Nothing was charged; use another one."


class PaymentRefused(NotAllowed):
    code = "payments.refused"
    message = "This payment cannot be taken. Nothing was charged."


class MeansNotFound(NotFound):
    code = "payments.means_not_found"
    message = "There is no such means of payment."


class CardDataRefused(Invalid):
    code = "payments.card_data_refused"
    message = "Card numbers do not belong here: type them into the card processor's own fields."


class PdfUnavailable(Unavailable):
    code = "payments.pdf_unavailable"
    message = "This machine cannot write PDFs: install Pango (docs/runbooks/disputes.md)."


class MerchantAccountNotFound(NotFound):
    code = "payments.merchant_account_not_found"
    message = "There is no such merchant account."


class MerchantAccountInvalid(Invalid):
    code = "payments.merchant_account_invalid"
    message = "A merchant account cannot be set up like this."


class MerchantAccountTaken(Conflict):
    code = "payments.merchant_account_taken"
    message = "This account at the gateway is written down already."


class MerchantAccountNotAllowed(NotAllowed):
    code = "payments.merchant_account_not_allowed"
    message = "Your roles do not include this for merchant accounts."


class ChangeWaiting(Conflict):
    code = "payments.change_waiting"
    message = "A change of this account waits for a second person already."


class NoChangeWaiting(Conflict):
    code = "payments.no_change_waiting"
    message = "No change of this account waits for a second person."


class GatewayNotConfigured(Conflict):
    code = "payments.gateway_not_configured"
    message = "The set of secrets lacks what the gateway needs."


class NothingToTest(Conflict):
    code = "payments.nothing_to_test"
    message = "This gateway answers nothing without a true sale: make a small payment instead."


class BalanceMoved(Conflict):
    """A batch that looked good is refused by the books: it must be rolled back and done again."""

    code = "payments.balance_moved"
    message = "A balance has moved meanwhile."
