"""Questions about bank payments."""

from apps.finance.debits.selectors.banks import config_of, origin_of
from apps.finance.debits.selectors.terms import Terms, terms_of

__all__ = ["Terms", "config_of", "origin_of", "terms_of"]
