"""Questions about bank payments."""

from apps.finance.debits.selectors.banks import config_of, origin_of
from apps.finance.debits.selectors.terms import Terms, terms_of
from apps.finance.debits.selectors.ways import (
    BankWay,
    debit_for,
    debits_of,
    mandate_for,
    mandates_of,
    transfer_for,
    transfers_of,
    way_for,
    ways_of,
    where_to_send,
)

__all__ = [
    "BankWay",
    "Terms",
    "config_of",
    "debit_for",
    "debits_of",
    "mandate_for",
    "mandates_of",
    "origin_of",
    "terms_of",
    "transfer_for",
    "transfers_of",
    "way_for",
    "ways_of",
    "where_to_send",
]
