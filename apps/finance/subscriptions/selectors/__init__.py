"""The reads of subscriptions."""

from apps.finance.subscriptions.selectors.lists import (
    charged_next,
    earned_by,
    history_of,
    live_creators,
    live_with,
    periods_of,
    subscribers_of,
    subscription_for,
    subscription_of_payment,
    subscriptions_of,
    who_did,
    with_earned,
)

__all__ = [
    "charged_next",
    "earned_by",
    "history_of",
    "live_creators",
    "live_with",
    "periods_of",
    "subscribers_of",
    "subscription_for",
    "subscription_of_payment",
    "subscriptions_of",
    "who_did",
    "with_earned",
]
