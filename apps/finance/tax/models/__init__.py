"""Tables of tax."""

from apps.finance.tax.models.line import TaxLine
from apps.finance.tax.models.rate import BrandTaxation, TaxRate
from apps.finance.tax.models.statement import StatementLine, StatementRun

__all__ = ["BrandTaxation", "StatementLine", "StatementRun", "TaxLine", "TaxRate"]
