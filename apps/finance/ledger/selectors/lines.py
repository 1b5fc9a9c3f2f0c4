"""Lines of one account, for those who compare them with what others say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db.models import F, QuerySet

from apps.finance.ledger.models import Line
from apps.finance.ledger.postings import AccountRef


def lines_between(
    account: AccountRef, currency: str, *, start: date, end: date
) -> QuerySet[Line, tuple[int, int, int, date, str]]:
    """Return entry_id, n, amount_minor, effective_on and the entry's source; both days count."""
    return _lines(account, currency).filter(effective_on__range=(start, end))


def lines_of_entries(
    account: AccountRef, currency: str, *, entry_ids: Collection[int]
) -> QuerySet[Line, tuple[int, int, int, date, str]]:
    """Return the same of some entries."""
    return _lines(account, currency).filter(entry_id__in=entry_ids)


def _lines(account: AccountRef, currency: str) -> QuerySet[Line, tuple[int, int, int, date, str]]:
    return (
        Line.objects.filter(
            account__code=account.code, account__owner=account.owner, account__currency=currency
        )
        .annotate(event=F("entry__source"))
        .values_list("entry_id", "n", "amount_minor", "effective_on", "event")
    )
