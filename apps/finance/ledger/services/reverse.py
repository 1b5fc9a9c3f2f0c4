"""Correct an entry: the only way, as nothing in the books is ever changed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.ledger import errors
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import AccountRef, Draft, Movement
from apps.finance.ledger.services.post import Posted, post


@transaction.atomic
def reverse(*, entry_id: int, by: User, reason: str, now: datetime) -> Posted:
    """Post the opposite of an entry, naming it. An entry is reversed at most once.

    Asking again with the same reason and actor returns the first reversal.

    :raises EntryNotFound: there is no such entry
    :raises NotReversible: the entry is itself a reversal
    :raises InsufficientFunds: the money it would take back is spent
    :raises SourceReused: somebody reversed it before
    """
    entry = Entry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise errors.EntryNotFound(entry_id=entry_id)
    if entry.kind == EntryKind.REVERSAL:
        raise errors.NotReversible(entry_id=entry_id)
    lines = entry.lines.select_related("account").order_by("n")
    posted = post(
        Draft(
            kind=EntryKind.REVERSAL,
            source=f"entry:{entry.pk}:reversed",
            movements=tuple(
                Movement(AccountRef(line.account.code, line.account.owner), -line.amount)
                for line in lines
            ),
            cluster=entry.cluster,
            memo=reason,
            reverses=entry.pk,
            actor_id=by.pk,
        ),
        now=now,
    )
    if not posted.replayed:
        audit.record(
            by=by,
            action="ledger.reversed",
            subject=f"ledger.entry:{entry.pk}",
            reason=reason,
            facts={"number": entry.number, "reversal": posted.number},
        )
    return posted
