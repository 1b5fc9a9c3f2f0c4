"""The use cases of subscriptions; the only writers of its tables."""

from apps.finance.subscriptions.services.plans import (
    Offered,
    archive_plan,
    change_plan,
    create_plan,
)
from apps.finance.subscriptions.services.prices import set_price, withdraw_price

__all__ = [
    "Offered",
    "archive_plan",
    "change_plan",
    "create_plan",
    "set_price",
    "withdraw_price",
]
