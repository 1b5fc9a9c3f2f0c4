"""How purchases say no. Nothing was charged after any of them."""

from apps.core import errors


class ItemNotFound(errors.NotFound):
    code = "purchases.item_not_found"
    message = "There is nothing for sale here by this address."


class MessageNotForYou(errors.NotFound):
    code = "purchases.message_not_for_you"
    message = "This message is for somebody else."


class SubscribersOnly(errors.NotAllowed):
    code = "purchases.subscribers_only"
    message = "Only subscribers can buy this message. Subscribe first."


class OwnItem(errors.NotAllowed):
    code = "purchases.own_item"
    message = "This is your own: nobody buys from themselves."


class ItemArchived(errors.Conflict):
    code = "purchases.item_archived"
    message = "This is no longer for sale."


class AlreadyBought(errors.Conflict):
    code = "purchases.already_bought"
    message = "You have bought this already."


class PurchaseDisputed(errors.Conflict):
    code = "purchases.disputed"
    message = "Your bank is disputing what you paid for this. It can be bought again after that."


class PaymentUnderWay(errors.Conflict):
    code = "purchases.payment_under_way"
    message = "Your payment for this is being processed. Wait for its outcome."


class PriceChanged(errors.Conflict):
    code = "purchases.price_changed"
    message = "The price has changed since you saw it. Look at the new one first."


class CurrencyDiffers(errors.Invalid):
    code = "purchases.currency_differs"
    message = "This is sold in another currency."


class KeyReused(errors.Conflict):
    code = "purchases.key_reused"
    message = "This key was used for another purchase."


class NotACreator(errors.NotAllowed):
    code = "purchases.not_a_creator"
    message = "Only creators sell here."


class TitleMissing(errors.Invalid):
    code = "purchases.title_missing"
    message = "A title has 1 to 120 characters, and not only spaces."


class PriceOutOfRange(errors.Invalid):
    code = "purchases.price_out_of_range"
    message = "The price is too low or too high."


class AudienceMalformed(errors.Invalid):
    code = "purchases.audience_malformed"
    message = "Content is for everyone; a message is for subscribers or for one other person here."


class RefTaken(errors.Conflict):
    code = "purchases.ref_taken"
    message = "This is for sale already."


class PurchaseNotFound(errors.NotFound):
    code = "purchases.not_found"
    message = "There is no such purchase."


class GoalNotFound(errors.NotFound):
    code = "purchases.goal_not_found"
    message = "There is no such goal."


class GoalClosed(errors.Conflict):
    code = "purchases.goal_closed"
    message = "This goal is closed. You can still send a tip."


class TooManyGoals(errors.Conflict):
    code = "purchases.too_many_goals"
    message = "Close a goal before opening another."
