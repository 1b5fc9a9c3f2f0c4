"""Take a part of an entry back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.ledger import errors
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import Draft, Movement
from apps.finance.ledger.services.post import Posted, post


@transaction.atomic
def correct(
    *,
    entry_id: int,
    key: str,
    movements: Sequence[Movement],
    by: User,
    reason: str,
    now: datetime,
    on_original_date: bool = False,
) -> Posted:
    """Post movements that take a part of an entry back, naming it.

    Each movement is on an account of the entry, opposite to what the entry moved there. All
    corrections of an entry together take back at most the whole of it, on every account; the
    database holds that. What should have been posted instead is an event of its own. ``key`` is
    the caller's name for this correction: the same key with the same content is a replay. The
    date counts as in ``reverse``.

    :raises ReasonNeeded: no reason is given
    :raises EntryNotFound: there is no such entry
    :raises NotReversible: the entry itself takes another one back, or closes a year
    :raises NotTheOpposite: a movement is no part of the entry, or more than is left of it
    :raises AlreadyReversed: the entry is reversed: nothing is left of it
    :raises InsufficientFunds: the money it would take back is spent
    :raises SourceReused: the key was used for another correction of this entry
    :raises PeriodClosed: the month of the original date is closed
    """
    if not reason.strip():
        raise errors.ReasonNeeded
    entry = Entry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise errors.EntryNotFound(entry_id=entry_id)
    if entry.kind in {EntryKind.REVERSAL, EntryKind.CORRECTION, EntryKind.PERIOD_CLOSE}:
        raise errors.NotReversible(entry_id=entry_id)
    posted = post(
        Draft(
            kind=EntryKind.CORRECTION,
            source=f"entry:{entry.pk}:corrected:{key}",
            movements=tuple(movements),
            cluster=entry.cluster,
            memo=reason,
            effective_on=entry.effective_on if on_original_date else None,
            corrects=entry.pk,
            actor_id=by.pk,
        ),
        now=now,
    )
    if not posted.replayed:
        audit.record(
            by=by,
            action="ledger.corrected",
            subject=f"ledger.entry:{entry.pk}",
            reason=reason,
            facts={"number": entry.number, "correction": posted.number},
        )
    return posted
