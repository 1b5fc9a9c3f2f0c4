"""Ways into the tables of tax."""

from apps.finance.tax.services.rates import confirm_rate, import_rates, set_rate, turn_tax
from apps.finance.tax.services.sales import (
    Sale,
    SoldLine,
    record_sale,
    record_sales,
    record_taken_back,
)
from apps.finance.tax.services.statements import (
    make_statements,
    make_step,
    request_statements,
    take_statements,
)

__all__ = [
    "Sale",
    "SoldLine",
    "confirm_rate",
    "import_rates",
    "make_statements",
    "make_step",
    "record_sale",
    "record_sales",
    "record_taken_back",
    "request_statements",
    "set_rate",
    "take_statements",
    "turn_tax",
]
