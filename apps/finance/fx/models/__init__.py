"""Tables of exchange rates, exchanges and positions."""

from apps.finance.fx.models.exchange import CurrencyPosition, Exchange
from apps.finance.fx.models.rate import ExchangeRate

__all__ = ["CurrencyPosition", "Exchange", "ExchangeRate"]
