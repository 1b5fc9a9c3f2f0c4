"""What a currency is worth, was worth, and how much of it is held."""

from apps.finance.fx.rules.rates import Leg, Rate
from apps.finance.fx.selectors.positions import PositionRow, position_findings, positions
from apps.finance.fx.selectors.rates import average_rate, convert, rate_on, youngest_rates

__all__ = [
    "Leg",
    "PositionRow",
    "Rate",
    "average_rate",
    "convert",
    "position_findings",
    "positions",
    "rate_on",
    "youngest_rates",
]
