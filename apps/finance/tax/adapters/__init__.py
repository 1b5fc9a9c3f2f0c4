"""Files of tax rates, read."""

from apps.finance.tax.adapters.files import FiledRate, read_rates

__all__ = ["FiledRate", "read_rates"]
