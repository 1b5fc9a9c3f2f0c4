"""The use cases of purchases; the only writers of its tables."""

from apps.finance.purchases.services.buy import Wish, buy_from_wallet, start_purchase
from apps.finance.purchases.services.follow import follow_missed, follow_payment
from apps.finance.purchases.services.give_back import give_back
from apps.finance.purchases.services.goals import (
    close_goal,
    follow_tip,
    open_goal,
    tip_goal,
    tip_goal_from_wallet,
)
from apps.finance.purchases.services.items import (
    NewItem,
    archive_item,
    change_price,
    create_item,
    take_off_sale,
)

__all__ = [
    "NewItem",
    "Wish",
    "archive_item",
    "buy_from_wallet",
    "change_price",
    "close_goal",
    "create_item",
    "follow_missed",
    "follow_payment",
    "follow_tip",
    "give_back",
    "open_goal",
    "start_purchase",
    "take_off_sale",
    "tip_goal",
    "tip_goal_from_wallet",
]
