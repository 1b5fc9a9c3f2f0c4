"""Subscriptions in the console."""

from apps.finance.subscriptions.admin.analytics import FiguresAdmin
from apps.finance.subscriptions.admin.dunning import PastDueAdmin
from apps.finance.subscriptions.admin.gifts import GiftAdmin
from apps.finance.subscriptions.admin.moves import MovesAdmin
from apps.finance.subscriptions.admin.plans import PlanAdmin, PriceChangeAdmin
from apps.finance.subscriptions.admin.policies import DunningPolicyAdmin
from apps.finance.subscriptions.admin.promotions import PromotionAdmin
from apps.finance.subscriptions.admin.runs import BillingFailureAdmin, BillingRunAdmin
from apps.finance.subscriptions.admin.subscriptions import SubscriptionAdmin

__all__ = [
    "BillingFailureAdmin",
    "BillingRunAdmin",
    "DunningPolicyAdmin",
    "FiguresAdmin",
    "GiftAdmin",
    "MovesAdmin",
    "PastDueAdmin",
    "PlanAdmin",
    "PriceChangeAdmin",
    "PromotionAdmin",
    "SubscriptionAdmin",
]
