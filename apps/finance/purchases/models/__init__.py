"""The tables of purchases."""

from apps.finance.purchases.models.goal import Goal, GoalTip
from apps.finance.purchases.models.item import Item, ItemPrice
from apps.finance.purchases.models.purchase import Purchase

__all__ = ["Goal", "GoalTip", "Item", "ItemPrice", "Purchase"]
