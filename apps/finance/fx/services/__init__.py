"""Ways into the tables of rates, and the exchange of currencies."""

from apps.finance.fx.adapters import Quoted
from apps.finance.fx.services.exchange import exchange
from apps.finance.fx.services.rates import Imported, import_rates, record_rate, record_rates
from apps.finance.fx.services.watch import watch

__all__ = [
    "Imported",
    "Quoted",
    "exchange",
    "import_rates",
    "record_rate",
    "record_rates",
    "watch",
]
