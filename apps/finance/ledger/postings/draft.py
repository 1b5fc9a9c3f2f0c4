"""What an entry is before it is posted: accounts, movements, a source."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind


class AccountRef(NamedTuple):
    """An account by its chart code and owner: ``AccountRef("2100", "profile:17")``."""

    code: str
    owner: str = ""


class Movement(NamedTuple):
    """One line to be: debit-positive."""

    account: AccountRef
    amount: Money


class Draft(NamedTuple):
    """An entry not yet posted. ``source`` names the event, once and for ever.

    ``effective_on`` is the accounting date; without it the day of posting (UTC) counts.
    ``reverses`` is the id of the entry this one takes back, ``corrects`` of that of which it takes
    back a part, ``actor_id`` the member of staff.
    """

    kind: EntryKind
    source: str
    movements: tuple[Movement, ...]
    cluster: str = ""
    memo: str = ""
    effective_on: date | None = None
    reverses: int | None = None
    actor_id: int | None = None
    corrects: int | None = None


# The tuple's own constructor: a batch makes thousands, and the generated one is a call more.
_tuple = tuple.__new__


def debit(account: AccountRef, amount: Money) -> Movement:
    """Return a movement to the debit side: positive."""
    return _tuple(Movement, (account, amount))


def credit(account: AccountRef, amount: Money) -> Movement:
    """Return a movement to the credit side: negative."""
    return _tuple(Movement, (account, Money(-amount.minor, amount.currency)))


def draft_of(kind: EntryKind, source: str, cluster: str, *movements: Movement) -> Draft:
    """Make a draft, leaving out the movements of nothing (a fee of zero)."""
    for movement in movements:
        if not movement[1].minor:
            movements = tuple([m for m in movements if m[1].minor])
            break
    return _tuple(Draft, (kind, source, movements, cluster, "", None, None, None, None))
