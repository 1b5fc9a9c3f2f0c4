"""What only a page needs, put together from what lies below."""

from apps.storefront.selectors.figures import (
    Earnings,
    StatementLine,
    earnings_of,
    statement_lines,
)
from apps.storefront.selectors.onward import Onward, onward_of
from apps.storefront.selectors.standing import (
    Standing,
    gift_words,
    has_other_way,
    other_prices,
    price_words,
    standing_of,
    story_of,
    ways_to_renew,
)
from apps.storefront.selectors.ways import (
    CARD,
    WALLET,
    Way,
    Ways,
    ways_to_deposit,
    ways_to_subscribe,
    ways_to_tip,
)

__all__ = [
    "CARD",
    "WALLET",
    "Earnings",
    "Onward",
    "Standing",
    "StatementLine",
    "Way",
    "Ways",
    "earnings_of",
    "gift_words",
    "has_other_way",
    "onward_of",
    "other_prices",
    "price_words",
    "standing_of",
    "statement_lines",
    "story_of",
    "ways_to_deposit",
    "ways_to_renew",
    "ways_to_subscribe",
    "ways_to_tip",
]
