"""The words of the brand pages."""

from django.urls import reverse
from django.utils.html import format_html

from apps.core.errors import DomainError

#: Fans pay and creators earn in dollars on every brand.
CURRENCY = "USD"

TIP_PRESETS = ("5", "10", "25", "50", "100")
DEPOSIT_PRESETS = ("20", "50", "100", "200")

#: State of a payment or a payout -> tone and word for the person whose money it is.
STATES = {
    "CREATED": ("wait", "Not paid yet"),
    "REQUIRES_ACTION": ("wait", "Waiting for payment"),
    "PROCESSING": ("wait", "Processing"),
    "CAPTURED": ("good", "Paid"),
    "FAILED": ("bad", "Failed"),
    "EXPIRED": ("off", "Expired"),
    "UNKNOWN": ("wait", "Being checked"),
    "AUTHORISED": ("wait", "Authorised"),
    "PARTLY_REFUNDED": ("good", "Partly refunded"),
    "REFUNDED": ("off", "Refunded"),
    "DISPUTED": ("bad", "Disputed"),
    "REQUESTED": ("wait", "Requested"),
    "IN_REVIEW": ("wait", "In review"),
    "APPROVED": ("wait", "Approved"),
    "SENDING": ("wait", "Sending"),
    "PAID": ("good", "Paid"),
    "RETURNED": ("bad", "Returned"),
    "REJECTED": ("bad", "Declined"),
    "CANCELLED": ("off", "Cancelled"),
    "PENDING": ("wait", "On its way"),
    "DONE": ("good", "Done"),
}

#: State of a subscription -> tone and words for its fan; the last is an intent beside a state.
SUBSCRIPTION_STATES = {
    "INCOMPLETE": ("wait", "Not paid yet"),
    "TRIALING": ("good", "Trial"),
    "ACTIVE": ("good", "Active"),
    "PAST_DUE": ("bad", "Payment failed"),
    "PAUSED": ("wait", "Paused"),
    "ENDED": ("off", "Ended"),
    "CANCELLING": ("off", "Cancelled, ends soon"),
}

#: State of a period that is not simply paid -> its word; and kind of one that is.
PERIOD_STATES = {"OPEN": "Being charged", "UNPAID": "Not paid", "REFUNDED": "Given back"}
PERIOD_KINDS = {"TRIAL": "Trial", "PAID": "Paid", "GIFT": "A gift", "FREE": "Free"}

#: What a creator looks for among subscribers -> its word, and which they are.
_RUNNING = ["TRIALING", "ACTIVE", "PAST_DUE", "PAUSED"]
SUBSCRIBER_GROUPS: dict[str, tuple[str, dict[str, object]]] = {
    "now": ("Subscribed now", {"state__in": _RUNNING}),
    "trial": ("In a trial", {"state": "TRIALING"}),
    "leaving": ("Cancelled, still here", {"state__in": _RUNNING, "cancel_at_end": True}),
    "failed": ("Payment failed", {"state": "PAST_DUE"}),
    "paused": ("Paused", {"state": "PAUSED"}),
    "ended": ("Left", {"state": "ENDED"}),
}

#: Months of a price -> how creators choose it.
PRICE_LENGTHS = {
    1: "1 month",
    3: "3 months",
    6: "6 months",
    12: "12 months",
    24: "24 months",
    0: "Life, paid once",
}

#: State of a purchase -> tone and words for its buyer.
PURCHASE_STATES = {
    "PENDING": ("wait", "Not paid yet"),
    "PAID": ("good", "Bought"),
    "SECOND": ("wait", "Paid twice"),
    "REFUNDED": ("off", "Given back"),
    "DISPUTED": ("bad", "Disputed"),
    "ABANDONED": ("off", "Not paid"),
}

#: What a payer looks for -> its word, and the states that are meant.
PAYMENT_GROUPS = {
    "paid": ("Paid", ("CAPTURED", "PARTLY_REFUNDED")),
    "waiting": (
        "Not finished",
        ("CREATED", "REQUIRES_ACTION", "PROCESSING", "AUTHORISED", "UNKNOWN"),
    ),
    "declined": ("Not paid", ("FAILED", "EXPIRED", "CANCELLED")),
    "refunded": ("Refunded", ("REFUNDED", "PARTLY_REFUNDED")),
    "disputed": ("Disputed", ("DISPUTED",)),
}

#: Kind of a journal entry -> what it was to the creator.
ENTRY_KINDS = {
    "TIP_CARD": "Tip by card",
    "TIP_WALLET": "Tip from a wallet",
    "SUBSCRIPTION_CARD": "Subscription by card",
    "SUBSCRIPTION_WALLET": "Subscription from a wallet",
    "RENEWAL_CARD": "Renewal by card",
    "RENEWAL_WALLET": "Renewal from a wallet",
    "TRIAL_CARD": "Paid trial by card",
    "TRIAL_WALLET": "Paid trial from a wallet",
    "PPV_CONTENT_CARD": "Content by card",
    "PPV_CONTENT_WALLET": "Content from a wallet",
    "PPV_MESSAGE_CARD": "Message by card",
    "PPV_MESSAGE_WALLET": "Message from a wallet",
    "PAYOUT_RESERVED": "Payout requested",
    "PAYOUT_CANCELLED": "Payout given back",
    "PAYOUT_RETURNED": "Payout returned",
    "REVERSAL": "Correction",
}

#: A refusal that speaks the language of the office -> the same to the person who asked;
#: names in braces are facts of the refusal.
REFUSALS = {
    "payouts.below_minimum": "The smallest payout is ${minimum}.",
    "payouts.method_inactive": "This payout account is switched off. Choose another.",
    "payouts.wrong_state": "This payout has gone too far to be cancelled.",
    "subscriptions.price_invalid": "This cannot be: {field}, {why}.",
    "subscriptions.plan_invalid": "This cannot be: {field}, {why}.",
    "subscriptions.promotion_invalid": "This cannot be: {field}, {why}.",
    "subscriptions.change_too_soon": "Choose a later day: subscribers are told 30 days before "
    "they pay more.",
    "subscriptions.code_taken": "Another promotion of yours has the code {code}.",
    "payments.spending_limit_reached": "The limit you set for yourself is ${limit}, and ${left} "
    "of it are left. It is among your spending limits, in your wallet.",
    "payments.amount_out_of_range": "Choose an amount between ${least} and ${most}.",
}


#: A refusal that one can do something about -> the page that says what, and its link.
WAYS_OUT = {
    "accounts.age_not_verified": ("storefront:age", "How to show your age"),
    "accounts.underage": ("storefront:age", "What is known of your age"),
}


def words_of(refusal: DomainError) -> str:
    """Say a refusal to the person whose money it is, with a link where a page helps on."""
    words = REFUSALS.get(refusal.code)
    said = words.format(**refusal.facts) if words else refusal.message
    if refusal.code not in WAYS_OUT:
        return said
    page, label = WAYS_OUT[refusal.code]
    return format_html('{} <a href="{}">{}</a>', said, reverse(page), label)
