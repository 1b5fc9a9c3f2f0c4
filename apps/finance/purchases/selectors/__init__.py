"""Questions about what is sold, bought and collected for."""

from apps.finance.purchases.selectors.goals import (
    giving_to,
    goal_for,
    goal_of_subject,
    goals_of,
)
from apps.finance.purchases.selectors.items import (
    check_for_sale,
    item_by_public_id,
    item_for,
    item_of_subject,
    items_of,
    offers_for,
    sales_of,
    thing_of,
)
from apps.finance.purchases.selectors.purchases import (
    live_purchase,
    purchase_for,
    purchases_of,
)

__all__ = [
    "check_for_sale",
    "giving_to",
    "goal_for",
    "goal_of_subject",
    "goals_of",
    "item_by_public_id",
    "item_for",
    "item_of_subject",
    "items_of",
    "live_purchase",
    "offers_for",
    "purchase_for",
    "purchases_of",
    "sales_of",
    "thing_of",
]
