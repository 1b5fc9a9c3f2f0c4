"""What only a page needs, put together from what lies below."""

from apps.storefront.selectors.figures import (
    Earnings,
    StatementLine,
    earnings_of,
    statement_lines,
)
from apps.storefront.selectors.ways import CARD, WALLET, Way, Ways, ways_to_deposit, ways_to_tip

__all__ = [
    "CARD",
    "WALLET",
    "Earnings",
    "StatementLine",
    "Way",
    "Ways",
    "earnings_of",
    "statement_lines",
    "ways_to_deposit",
    "ways_to_tip",
]
