"""Close the books month by month, and open the last one again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import OperationalError, connection, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction, outside_transaction
from apps.finance.ledger import errors
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.models import Period, PeriodMove
from apps.finance.ledger.selectors import periods as months
from apps.finance.ledger.services import snapshots
from apps.finance.ledger.services.post import post_many
from apps.finance.ledger.services.roll import roll_forward

#: How long a closing waits for the postings under way in its month. Meanwhile nobody else can
#: post into that month; other months go on.
PATIENCE = "2s"

#: The books are closed by calendar year.
LAST_MONTH_OF_YEAR = 12


@transaction.atomic
def start_closing(*, month: date, by: User, now: datetime, reason: str = "") -> Period:
    """From now on, let only entries made for the closing be dated in a month.

    ``month`` is its first day; ``reason`` stands in its history. Asking again changes nothing.

    :raises PeriodNotOver: the month has not ended
    :raises PeriodOutOfOrder: an earlier month is open, or this one is closed
    :raises PeriodBusy: a posting into the month did not end in time; try again
    """
    period = _held(month, now)
    if period.state == PeriodState.CLOSING:
        return period
    if now.date() <= months.end_of(month):
        raise errors.PeriodNotOver(month=month.isoformat())
    upcoming = months.next_to_close()
    if period.state == PeriodState.CLOSED or upcoming not in {None, month}:
        raise errors.PeriodOutOfOrder(
            month=month.isoformat(), next=upcoming.isoformat() if upcoming else ""
        )
    _move(period, PeriodState.CLOSING, by=by, now=now, reason=reason)
    return period


@transaction.atomic
def abandon_closing(*, month: date, by: User, reason: str, now: datetime) -> Period:
    """Open a month whose closing was started.

    :raises PeriodNotClosing: its closing was not started, or is finished
    """
    period = _held(month, now)
    if period.state != PeriodState.CLOSING:
        raise errors.PeriodNotClosing(month=month.isoformat())
    _reopen_year(month, by=by, reason=reason, now=now)
    _move(period, PeriodState.OPEN, by=by, now=now, reason=reason)
    return period


@outside_transaction
def close_period(*, month: date, by: User, now: datetime, reason: str = "") -> Period:
    """Close a month for good: nothing is dated in it, or before it, any more.

    Brings totals and chain up to date, takes the result of the year to retained earnings when it
    is the last month, keeps what stands at its end as a snapshot. ``reason`` stands in its
    history. Asking again changes nothing.

    :raises PeriodNotClosing: its closing was not started
    :raises ChecklistNotDone: something of ``selectors.checklist_of`` is not true yet
    :raises PeriodBusy: a posting into the month did not end in time; try again
    """
    state = months.state_of(month)
    if state == PeriodState.CLOSED:
        return Period.objects.get(month=month)
    if state != PeriodState.CLOSING:
        raise errors.PeriodNotClosing(month=month.isoformat())
    roll_forward(now=now)
    open_items = [item for item in months.checklist_of(month, now=now) if not item.is_done]
    if open_items:
        raise errors.ChecklistNotDone(open=[item.key for item in open_items])
    if month.month == LAST_MONTH_OF_YEAR:
        _close_year(month, by=by, now=now)
        roll_forward(now=now)
    return _finish(month, by=by, reason=reason, now=now)


@joins_transaction
def reopen_period(
    *, month: date, by: User, approved_by: User, reason: str, now: datetime
) -> Period:
    """Open the last closed month again, as two people decided.

    Its snapshots are dropped; the closing entries of a year are taken back.

    :raises SamePerson: ``by`` and ``approved_by`` are one person
    :raises PeriodOutOfOrder: it is not the last closed month, or the next is being closed
    :raises PeriodBusy: a posting into the month did not end in time; try again
    """
    if by.pk == approved_by.pk:
        raise errors.SamePerson(month=month.isoformat())
    period = _held(month, now)
    later = Period.objects.filter(month__gt=month).exclude(state=PeriodState.OPEN)
    if period.state != PeriodState.CLOSED or later.exists():
        raise errors.PeriodOutOfOrder(month=month.isoformat())
    snapshots.forget(month)
    _move(period, PeriodState.OPEN, by=by, now=now, approved_by=approved_by, reason=reason)
    _reopen_year(month, by=by, reason=reason, now=now)
    return period


def _held(month: date, now: datetime) -> Period:
    """Return the month, locked against other closings and all postings dated in it.

    The locks are taken in the order in which everybody takes them.
    """
    if month.day != 1:
        raise errors.NotAMonth(month=month.isoformat())
    _alone()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cursor.execute("SELECT ledger_hold_month(%s)", [month])
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except OperationalError as error:
        raise errors.PeriodBusy(month=month.isoformat()) from error
    return Period.objects.select_for_update().get_or_create(month=month)[0]


def _alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(20036, 1)")


@transaction.atomic
def _finish(month: date, *, by: User, reason: str, now: datetime) -> Period:
    period = _held(month, now)
    if period.state == PeriodState.CLOSED:
        return period
    if period.state != PeriodState.CLOSING:
        raise errors.PeriodNotClosing(month=month.isoformat())
    left = snapshots.results_to(months.end_of(month)) if _ends_year(month) else []
    if left:  # an adjustment came between the closing entries and the lock
        raise errors.PeriodBusy(month=month.isoformat())
    snapshots.take(month)
    period.closed_at = now
    _move(period, PeriodState.CLOSED, by=by, now=now, reason=reason)
    return period


def _ends_year(month: date) -> bool:
    return month.month == LAST_MONTH_OF_YEAR


@transaction.atomic
def _close_year(month: date, *, by: User, now: datetime) -> None:
    """Take income and expenses to retained earnings, one entry per brand and currency."""
    _alone()
    _post(snapshots.results_to(months.end_of(month)), month, by=by, memo="", now=now)


def _reopen_year(month: date, *, by: User, reason: str, now: datetime) -> None:
    """Take the closing entries back, by entries of the same kind: reports leave both out."""
    if _ends_year(month):
        _post(snapshots.closed_on(months.end_of(month)), month, by=by, memo=reason, now=now)


def _post(
    results: Sequence[snapshots.Result], month: date, *, by: User, memo: str, now: datetime
) -> None:
    drafts = snapshots.drafts_of(results, on=months.end_of(month))
    post_many([draft._replace(actor_id=by.pk, memo=memo) for draft in drafts], now=now)


def _move(
    period: Period,
    state: PeriodState,
    *,
    by: User,
    now: datetime,
    approved_by: User | None = None,
    reason: str = "",
) -> None:
    PeriodMove.objects.create(
        period=period,
        at=now,
        from_state=period.state,
        to_state=state,
        by=by,
        approved_by=approved_by,
        reason=reason,
    )
    audit.record(
        by=by,
        action=f"ledger.period_{state.lower()}",
        subject=f"ledger.period:{period.month:%Y-%m}",
        reason=reason,
        facts={
            "from": period.state,
            "to": state.value,
            "approved_by": approved_by.pk if approved_by else None,
        },
    )
    period.state = state
    if state != PeriodState.CLOSED:
        period.closed_at = None
    period.save(update_fields=["state", "closed_at"])
