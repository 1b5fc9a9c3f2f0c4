"""Tax in the console: rates that two people have seen, brands that collect, lines of returns."""

from apps.finance.tax.admin.lines import TaxLineAdmin
from apps.finance.tax.admin.rates import TaxRateAdmin
from apps.finance.tax.admin.statements import StatementLineAdmin, StatementRunAdmin
from apps.finance.tax.admin.switches import BrandTaxationAdmin

__all__ = [
    "BrandTaxationAdmin",
    "StatementLineAdmin",
    "StatementRunAdmin",
    "TaxLineAdmin",
    "TaxRateAdmin",
]
