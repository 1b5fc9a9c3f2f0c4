"""The use cases of subscriptions; the only writers of its tables."""

from apps.finance.subscriptions.services.plans import (
    Offered,
    archive_plan,
    change_plan,
    create_plan,
)
from apps.finance.subscriptions.services.prices import set_price, withdraw_price
from apps.finance.subscriptions.services.promotions import (
    create_promotion,
    end_promotion,
    redeem,
    release_redemption,
)
from apps.finance.subscriptions.services.trials import claim_trial, release_trial

__all__ = [
    "Offered",
    "archive_plan",
    "change_plan",
    "claim_trial",
    "create_plan",
    "create_promotion",
    "end_promotion",
    "redeem",
    "release_redemption",
    "release_trial",
    "set_price",
    "withdraw_price",
]
