"""Take an entry back whole: nothing in the books is ever changed."""

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
def reverse(
    *, entry_id: int, by: User | None, reason: str, now: datetime, on_original_date: bool = False
) -> Posted:
    """Post the opposite of an entry, naming it. An entry is reversed at most once.

    The reversal counts today, so reported months keep their figures; with ``on_original_date``
    it counts on the entry's own date, as if it had never been, if that month is open. Asking
    again with the same reason, actor and date returns the first reversal. ``by`` is None for the
    platform itself: a refund bounced, a bank changed its mind.

    :raises ReasonNeeded: no reason is given
    :raises EntryNotFound: there is no such entry
    :raises NotReversible: the entry is itself a reversal, or closes a year: reopen that
    :raises NotTheOpposite: the entry has corrections: reverse those first
    :raises InsufficientFunds: the money it would take back is spent
    :raises AlreadyReversed: it was reversed before, by somebody else or for another reason
    :raises PeriodClosed: the month of the original date is closed
    """
    if not reason.strip():
        raise errors.ReasonNeeded
    entry = Entry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise errors.EntryNotFound(entry_id=entry_id)
    if entry.kind in {EntryKind.REVERSAL, EntryKind.PERIOD_CLOSE}:
        raise errors.NotReversible(entry_id=entry_id)
    lines = entry.lines.select_related("account").order_by("n")
    draft = Draft(
        kind=EntryKind.REVERSAL,
        source=f"entry:{entry.pk}:reversed",
        movements=tuple(
            Movement(AccountRef(line.account.code, line.account.owner), -line.amount)
            for line in lines
        ),
        cluster=entry.cluster,
        memo=reason,
        effective_on=entry.effective_on if on_original_date else None,
        reverses=entry.pk,
        actor_id=by.pk if by else None,
    )
    try:
        posted = post(draft, now=now)
    except errors.SourceReused as refused:
        raise errors.AlreadyReversed(entry_id=entry_id) from refused
    if not posted.replayed:
        audit.record(
            by=by,
            action="ledger.reversed",
            subject=f"ledger.entry:{entry.pk}",
            reason=reason,
            facts={"number": entry.number, "reversal": posted.number},
        )
    return posted
