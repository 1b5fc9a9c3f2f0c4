"""Ways into the tables of tax."""

from apps.finance.tax.services.rates import confirm_rate, import_rates, set_rate, turn_tax
from apps.finance.tax.services.sales import SoldLine, record_sale

__all__ = ["SoldLine", "confirm_rate", "import_rates", "record_sale", "set_rate", "turn_tax"]
