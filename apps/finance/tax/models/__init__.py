"""Tables of tax."""

from apps.finance.tax.models.line import TaxLine
from apps.finance.tax.models.rate import BrandTaxation, TaxRate

__all__ = ["BrandTaxation", "TaxLine", "TaxRate"]
