"""Exchange rates, exchanges and positions in the console."""

from apps.finance.fx.admin.exchanges import CurrencyPositionAdmin, ExchangeAdmin
from apps.finance.fx.admin.rates import ExchangeRateAdmin

__all__ = ["CurrencyPositionAdmin", "ExchangeAdmin", "ExchangeRateAdmin"]
