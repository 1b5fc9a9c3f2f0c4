"""What tax is due, and what was."""

from apps.finance.tax.rules.due import QuotedLine, TaxQuote, untaxed
from apps.finance.tax.rules.places import Buyer, Place, place_of
from apps.finance.tax.selectors.due import collects_tax, tax_on
from apps.finance.tax.selectors.returns import ReturnRow, return_of

__all__ = [
    "Buyer",
    "Place",
    "QuotedLine",
    "ReturnRow",
    "TaxQuote",
    "collects_tax",
    "place_of",
    "return_of",
    "tax_on",
    "untaxed",
]
