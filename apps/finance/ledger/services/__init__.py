"""The only ways into the books: the posts and reverse; and the proof, check_books."""

from apps.finance.ledger.services.check import check_books
from apps.finance.ledger.services.post import Posted, post, post_alone, post_many
from apps.finance.ledger.services.reverse import reverse

__all__ = ["Posted", "check_books", "post", "post_alone", "post_many", "reverse"]
