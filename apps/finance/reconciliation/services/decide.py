"""What a person decides about an exception: accept it, or have the books follow."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.postings.reconciliation import difference_posted
from apps.finance.reconciliation import errors, rules
from apps.finance.reconciliation.choices import Counter, Progress, Rule, Type
from apps.finance.reconciliation.models import BookItem, ReconciliationException, Statement
from apps.finance.reconciliation.services.by_hand import put_together
from apps.finance.reconciliation.services.gather import gather_entries
from apps.finance.reconciliation.services.judge import count
from apps.finance.reconciliation.services.match import locked


@transaction.atomic
def accept_exception(
    *, exception_id: int, by: Any, reason: str, now: datetime
) -> ReconciliationException:
    """Leave it as it is, for the reason given: nothing is posted, and it is asked about no more.

    Above the limit two people must say so; the first one's word is kept on the exception.

    :raises ReasonMissing, ExceptionUnknown, ExceptionDecided: as they say
    :raises SecondPersonNeeded: above the limit, and you were the first
    """
    found, statement = open_exception(exception_id, reason)
    if not is_agreed(found, {"do": "accept"}, by=by, reason=reason):
        return found
    close(found, Progress.ACCEPTED, by=by, reason=reason, now=now)
    count(statement, now=now)
    return found


@transaction.atomic
def post_difference(
    *,
    exception_id: int,
    counter: Counter,
    effective_on: date | None,
    by: Any,
    reason: str,
    now: datetime,
) -> ReconciliationException:
    """Have the books follow the statement: one entry by the difference, and the match it makes.

    The entry is dated as the line was booked (a missing item: as the period ends), or
    ``effective_on``, where that period is closed. Above the limit two people must say the same.

    :raises ReasonMissing, ExceptionUnknown, ExceptionDecided, PostedBefore: as they say
    :raises NotForThisType: a late match has no difference
    :raises SecondPersonNeeded: above the limit, and you were the first
    """
    found, statement = open_exception(exception_id, reason)
    if found.type == Type.LATE:
        raise errors.NotForThisType(type=found.type)
    check_not_posted(found)
    wish = {"do": "post", "counter": counter.value, "on": str(effective_on or "")}
    if not is_agreed(found, wish, by=by, reason=reason):
        return found
    difference = statement.money(found.difference_minor)
    draft = difference_posted(
        exception_id=found.pk,
        account=statement.source.account,
        counter=postings.AccountRef(counter.value),
        difference=difference,
        effective_on=effective_on or day_of(found, statement),
        actor_id=by.pk,
        memo=reason[:500],
    )
    posted = ledger.post(draft, now=now)
    gather_entries(statement.source, [posted.entry_id])
    parts = [found.item_id] if found.item_id else []
    close(found, Progress.RESOLVED, by=by, reason=reason, now=now, entry_source=draft.source)
    put_together(
        statement,
        line_ids=[found.line_id] if found.line_id else [],
        item_ids=[*parts, *_items_of(posted.entry_id)],
        rule=Rule.POSTED,
        by=by,
        reason=reason,
        now=now,
    )
    return found


def day_of(found: ReconciliationException, statement: Statement) -> date:
    """Return the accounting date a difference has unless somebody says otherwise."""
    return found.line.booked_on if found.line else statement.period_end


@joins_transaction
def check_not_posted(found: ReconciliationException) -> None:
    """Refuse a second entry for a line or an item while the first one's is still unmatched.

    It is so after a posted match was taken apart: then it is matched by hand again, or reversed
    and matched with its reversal.

    :raises PostedBefore: an entry was posted for it and belongs to nothing
    """
    parts = Q(pk__in=[])
    if found.line_id:
        parts |= Q(line=found.line_id)
    if found.item_id:
        parts |= Q(item=found.item_id)
    before = (
        ReconciliationException.objects.filter(parts)
        .exclude(entry_source="")
        .values_list("entry_source", flat=True)
    )
    free = BookItem.objects.filter(
        source=found.statement.source_id, event__in=list(before), match=None
    ).first()
    if free is not None:
        raise errors.PostedBefore(entry=free.event)


def _items_of(entry_id: int) -> list[int]:
    return list(BookItem.objects.filter(entry_id=entry_id).values_list("pk", flat=True))


@joins_transaction
def open_exception(exception_id: int, reason: str) -> tuple[ReconciliationException, Statement]:
    """Lock the account and return what is to be decided, still open.

    :raises ReasonMissing, ExceptionUnknown, ExceptionDecided: as they say
    """
    if not reason.strip():
        raise errors.ReasonMissing()
    seen = ReconciliationException.objects.filter(pk=exception_id).first()
    if seen is None:
        raise errors.ExceptionUnknown(exception=exception_id)
    statement = locked(seen.statement_id)
    found = (
        ReconciliationException.objects.select_for_update(of=("self",))
        .select_related("line", "item")
        .get(pk=exception_id)
    )
    if found.state != Progress.OPEN:
        raise errors.ExceptionDecided(exception=exception_id, state=found.state)
    return found, statement


@joins_transaction
def is_agreed(
    found: ReconciliationException,
    wish: dict[str, str],
    *,
    size: Money | None = None,
    by: Any,
    reason: str,
) -> bool:
    """Test if enough people want this; keep the first one's wish.

    ``size`` is what is decided about, if it is more than the difference.

    :raises SecondPersonNeeded: above the limit, and you were the first
    """
    difference = Money(abs(found.difference_minor), found.statement.source.currency)
    if not rules.needs_two(size or difference):
        return True
    if found.proposal == wish:
        if found.proposed_by_id == by.pk:
            raise errors.SecondPersonNeeded(exception=found.pk)
        return True
    found.proposed_by, found.proposal = by, wish
    found.save(update_fields=["proposed_by", "proposal"])
    audit.record(
        by=by,
        action="reconciliation.exception_proposed",
        subject=found,
        reason=reason,
        facts=wish,
    )
    return False


@joins_transaction
def close(
    found: ReconciliationException,
    state: Progress,
    *,
    by: Any,
    reason: str,
    now: datetime,
    entry_source: str = "",
) -> None:
    """Write down how it was decided, and by whom."""
    found.state, found.decided_at, found.decided_by = state, now, by
    found.reason, found.entry_source = reason[:500], entry_source
    found.save(update_fields=["state", "decided_at", "decided_by", "reason", "entry_source"])
    audit.record(
        by=by,
        action=f"reconciliation.exception_{state.value.lower()}",
        subject=found,
        reason=reason,
        facts={
            "type": found.type,
            "difference_minor": found.difference_minor,
            "entry": entry_source,
        },
    )
