"""What tax is due, and what was."""

from apps.finance.tax.rules.due import Applicable, QuotedLine, TaxQuote, due_on, untaxed
from apps.finance.tax.rules.places import Buyer, Place, place_of
from apps.finance.tax.selectors.due import collects_tax, rates_for, tax_on
from apps.finance.tax.selectors.returns import ReturnRow, return_of

__all__ = [
    "Applicable",
    "Buyer",
    "Place",
    "QuotedLine",
    "ReturnRow",
    "TaxQuote",
    "collects_tax",
    "due_on",
    "place_of",
    "rates_for",
    "return_of",
    "tax_on",
    "untaxed",
]
