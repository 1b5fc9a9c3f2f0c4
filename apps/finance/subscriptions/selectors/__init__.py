"""The reads of subscriptions."""

from apps.finance.subscriptions.selectors.chooser import (
    PlanOffered,
    PriceOffered,
    open_plans_of,
    open_prices_of,
    plan_for,
    plans_offered,
    price_for,
)
from apps.finance.subscriptions.selectors.lists import (
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
from apps.finance.subscriptions.selectors.promotions import (
    best_for,
    best_open_promotion,
    check_offered,
    cut_of,
    find_code,
    had_trial,
    open_promotions,
    promotion_of_creator,
    promotions_of,
)

from apps.finance.subscriptions.selectors.live import coming_charge

__all__ = [
    "PlanOffered",
    "PriceOffered",
    "best_for",
    "best_open_promotion",
    "coming_charge",
    "check_offered",
    "cut_of",
    "earned_by",
    "find_code",
    "had_trial",
    "history_of",
    "live_creators",
    "live_with",
    "open_plans_of",
    "open_prices_of",
    "open_promotions",
    "periods_of",
    "plan_for",
    "plans_offered",
    "price_for",
    "promotion_of_creator",
    "promotions_of",
    "subscribers_of",
    "subscription_for",
    "subscription_of_payment",
    "subscriptions_of",
    "who_did",
    "with_earned",
]
