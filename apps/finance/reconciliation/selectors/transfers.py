"""Who money comes from and goes to between our own accounts, and the lines that say so."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import QuerySet

from apps.finance.ledger.selectors.accounts import accounts_of
from apps.finance.reconciliation.choices import LIVE
from apps.finance.reconciliation.models import StatementLine, StatementSource
from apps.finance.reconciliation.rules import PROVABLE

#: So many can be chosen from; older ones are matched on their own page.
MOST_LINES = 60
_MOST_PARTIES = 200


class OpenTransfer(NamedTuple):
    """A line that could be the other end of money seen at a bank."""

    line: StatementLine
    source: StatementSource


def parties(code: str) -> list[str]:
    """Return the processors (1100), rails (1200) or banks (1000) that books or sources know."""
    booked = accounts_of(codes=(code,), limit=_MOST_PARTIES)
    proved = StatementSource.objects.filter(code=code).values_list("owner", flat=True)
    owners = {account.owner for account in booked} | set(proved[:_MOST_PARTIES])
    prefix = f"{PROVABLE[code]}:"
    return sorted(owner.removeprefix(prefix) for owner in owners if owner.startswith(prefix))


def open_transfers(code: str) -> list[OpenTransfer]:
    """Return unmatched lines by which accounts of a code paid out, or a rail was paid in.

    The newest first, no more than a person can look through.
    """
    lines: QuerySet[StatementLine] = StatementLine.objects.filter(
        statement__source__code=code, statement__state__in=LIVE, match=None
    ).select_related("statement__source")
    lines = (
        lines.filter(compared_minor__gt=0)
        if PROVABLE[code] == "rail"
        else lines.filter(compared_minor__lt=0)
    )
    newest = lines.order_by("-booked_on", "-id")[:MOST_LINES]
    return [OpenTransfer(line, line.statement.source) for line in newest]
