"""What can be refused about subscriptions."""

from __future__ import annotations

from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound


class PlanNotFound(NotFound):
    code = "subscriptions.plan_not_found"
    message = "There is no such plan here."


class PriceNotFound(NotFound):
    code = "subscriptions.price_not_found"
    message = "There is no such price."


class SubscriptionNotFound(NotFound):
    code = "subscriptions.subscription_not_found"
    message = "There is no such subscription."


class PromotionNotFound(NotFound):
    code = "subscriptions.promotion_not_found"
    message = "There is no such promotion."


class GiftNotFound(NotFound):
    code = "subscriptions.gift_not_found"
    message = "There is no such gift."


class OwnPlan(Invalid):
    code = "subscriptions.own_plan"
    message = "Nobody can subscribe to themselves."


class PlanArchived(Conflict):
    code = "subscriptions.plan_archived"
    message = "This plan takes no new subscribers."


class PriceReplaced(Conflict):
    code = "subscriptions.price_replaced"
    message = "This price is not offered any more: look at the plan again."


class PriceMoved(Conflict):
    code = "subscriptions.price_moved"
    message = "The price is another than the one that was shown."


class AlreadySubscribed(Conflict):
    code = "subscriptions.already_subscribed"
    message = "There is a subscription to this creator already."


class TermsNotAgreed(Invalid):
    code = "subscriptions.terms_not_agreed"
    message = "The terms must be agreed to before paying."


class TermsChanged(Conflict):
    code = "subscriptions.terms_changed"
    message = "The terms have changed since they were shown: read them again."


class CodeUnknown(Invalid):
    code = "subscriptions.code_unknown"
    message = "This code does not exist, or is not for you or this plan."


class CodeExpired(Invalid):
    code = "subscriptions.code_expired"
    message = "This code has expired."


class CodeUsedUp(Invalid):
    code = "subscriptions.code_used_up"
    message = "This code has been used as often as it can be."


class CodeUsedBefore(Invalid):
    code = "subscriptions.code_used_before"
    message = "You have used this code before."


class CodeNotForYou(CodeUnknown):
    """Said in the same words: who guesses at codes learns nothing."""


class CurrencyMismatch(Invalid):
    code = "subscriptions.currency_mismatch"
    message = "The currencies are not the same."


class WalletTooLow(Invalid):
    code = "subscriptions.wallet_too_low"
    message = "The wallet does not hold enough for this."


class MeansNeeded(Invalid):
    code = "subscriptions.means_needed"
    message = "A stored means of payment is needed for this."


class WrongState(Conflict):
    code = "subscriptions.wrong_state"
    message = "This cannot be done with the subscription as it is now."


class NothingToChange(Invalid):
    code = "subscriptions.nothing_to_change"
    message = "This is what the subscription is already."


class ChangeNotOffered(Conflict):
    code = "subscriptions.change_not_offered"
    message = "This change is not possible here."


class QuoteMoved(Conflict):
    code = "subscriptions.quote_moved"
    message = "The proration has changed since it was shown: look at it again."


class CannotPause(Conflict):
    code = "subscriptions.cannot_pause"
    message = "This subscription cannot be paused."


class PauseTooLong(Invalid):
    code = "subscriptions.pause_too_long"
    message = "It can be paused for three months at most."


class KeyReused(Conflict):
    code = "subscriptions.key_reused"
    message = "This key was used for another request."


class NotACreator(NotAllowed):
    code = "subscriptions.not_a_creator"
    message = "Only creators have plans."


class PlanInvalid(Invalid):
    code = "subscriptions.plan_invalid"
    message = "The plan is not possible like this."


class PriceInvalid(Invalid):
    code = "subscriptions.price_invalid"
    message = "The price is not possible like this."


class PromotionInvalid(Invalid):
    code = "subscriptions.promotion_invalid"
    message = "The promotion is not possible like this."


class CodeTaken(Conflict):
    code = "subscriptions.code_taken"
    message = "There is a promotion with this code already."


class ChangeTooSoon(Invalid):
    code = "subscriptions.change_too_soon"
    message = "Subscribers must be told longer before."


class ChangeWaiting(Conflict):
    code = "subscriptions.change_waiting"
    message = "This price is being changed already."


class NoConsentNeeded(Conflict):
    code = "subscriptions.no_consent_needed"
    message = "There is nothing to agree to."


class GiftTaken(Conflict):
    code = "subscriptions.gift_taken"
    message = "This gift has been taken already."


class TakerNotFound(Invalid):
    code = "subscriptions.taker_not_found"
    message = "Nobody on this brand has this name."


class GiftOver(Conflict):
    code = "subscriptions.gift_over"
    message = "Nobody took this gift in time: what was paid went back to the giver."


class GiftToOneself(Invalid):
    code = "subscriptions.gift_to_oneself"
    message = "A gift is for somebody else."


class ReasonMissing(Invalid):
    code = "subscriptions.reason_missing"
    message = "A reason is needed."


class StaffNotAllowed(NotAllowed):
    code = "subscriptions.not_allowed"
    message = "You may not do this."


class TimezoneUnknown(Invalid):
    code = "subscriptions.timezone_unknown"
    message = "There is no such time zone."


class TooManyThings(Invalid):
    code = "subscriptions.too_many_things"
    message = "Ask about a hundred things at most."


class ThingNotFound(NotFound):
    code = "subscriptions.thing_not_found"
    message = "There is no such thing here."


class RangeInvalid(Invalid):
    code = "subscriptions.range_invalid"
    message = "The range ends before it begins, or is too long."


class GraceInvalid(Invalid):
    code = "subscriptions.grace_invalid"
    message = "Grace is extended by 1 to 60 days."


class ChargeDeclined(Conflict):
    code = "subscriptions.charge_declined"
    message = "The stored means of payment could not be charged."


class ConfirmationNeeded(Conflict):
    code = "subscriptions.confirmation_needed"
    message = "Your bank wants you to confirm the charge; then the change holds."


class DunningInvalid(Invalid):
    code = "subscriptions.dunning_invalid"
    message = "This is no schedule of tries."


class DunningInThePast(Invalid):
    code = "subscriptions.dunning_in_the_past"
    message = "A schedule begins later than now: what was told is not rewritten."


class DunningTaken(Conflict):
    code = "subscriptions.dunning_taken"
    message = "Another schedule begins at this very moment."
