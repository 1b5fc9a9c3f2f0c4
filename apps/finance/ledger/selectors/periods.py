"""The months of the books, and what must be true before one is closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from apps.core.money import Money
from apps.finance.ledger.choices import CheckScope, PeriodState, ProposalKind, ProposalState
from apps.finance.ledger.models import BooksCheck, Period, PeriodMove, Proposal
from apps.finance.ledger.selectors.totals import balances_on, rows

#: How old the last proof of the books may be when a month is closed.
PROOF_IS_RECENT = timedelta(hours=24)

SUSPENSE = "2900"


class ChecklistItem(NamedTuple):
    """Something that must be true before a month is closed, and what stands against it."""

    key: str
    title: str
    is_done: bool
    detail: str = ""


#: What an app above adds in settings.LEDGER_CHECKLIST: the first and last day of a month, now.
Check = Callable[[date, date, datetime], list[ChecklistItem]]


class PeriodRow(NamedTuple):
    """A month, oldest first; ``is_next`` when it is the one that may be moved towards CLOSED."""

    month: date
    state: PeriodState
    closed_at: datetime | None
    is_next: bool


def end_of(month: date) -> date:
    """Return the last day of a month, given its first."""
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def closed_to() -> date | None:
    """Return the last day on which the books are closed; nothing may be dated until then."""
    last = Period.objects.filter(state=PeriodState.CLOSED).order_by("-month").first()
    return end_of(last.month) if last else None


def state_of(month: date) -> PeriodState:
    """Return the state of a month, also of one that was never touched."""
    period = Period.objects.filter(month=month).first()
    if period is not None:
        return PeriodState(period.state)
    closed = closed_to()
    return PeriodState.CLOSED if closed and month <= closed else PeriodState.OPEN


def next_to_close() -> date | None:
    """Return the first month that is not closed; None while the books are empty.

    It is the month after the last closed one, or else that of the oldest accounting date.
    """
    closed = closed_to()
    if closed is not None:
        return closed + timedelta(days=1)
    ((first,),) = rows(
        "SELECT least((SELECT min(month) FROM ledger_monthtotal),"
        " (SELECT min(day) FROM ledger_tail('0001-01-01', '9999-12-31')))",
        {},
    )
    return first.replace(day=1) if first else None


def period_rows(*, today: date, limit: int = 36) -> list[PeriodRow]:
    """Return the months of the books to that of ``today``, newest first, at most ``limit``."""
    upcoming = next_to_close()
    stored = {row.month: row for row in Period.objects.order_by("-month")[:limit]}
    oldest = min([*stored, *([upcoming] if upcoming else [])], default=today.replace(day=1))
    month = today.replace(day=1)
    found: list[PeriodRow] = []
    while month >= oldest and len(found) < limit:
        row = stored.get(month)
        found.append(
            PeriodRow(
                month=month,
                state=PeriodState(row.state) if row else PeriodState.OPEN,
                closed_at=row.closed_at if row else None,
                is_next=month == upcoming,
            )
        )
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def moves_of(month: date) -> QuerySet[PeriodMove]:
    """Return the history of a month, newest step first."""
    return (
        PeriodMove.objects.filter(period__month=month)
        .select_related("by", "approved_by")
        .order_by("-at", "-id")
    )


def checklist_of(month: date, *, now: datetime) -> list[ChecklistItem]:
    """Return what must be true before ``month`` is closed, the apps above included."""
    last = end_of(month)
    items = [
        _order(month),
        ChecklistItem(
            "over", "The month is over", now.date() > last, f"It ends on {last:%d %b %Y}."
        ),
        _proof(now),
        _rolled(last),
        _suspense(last),
        _proposals(last),
    ]
    for path in settings.LEDGER_CHECKLIST:
        check: Check = import_string(path)
        items += check(month, last, now)
    return items


def _order(month: date) -> ChecklistItem:
    upcoming = next_to_close()
    return ChecklistItem(
        "order",
        "Every earlier month is closed",
        upcoming is None or month == upcoming,
        "" if upcoming in {None, month} else f"The next month to close is {upcoming:%B %Y}.",
    )


def _proof(now: datetime) -> ChecklistItem:
    """All of them, not a slice; and no slice since then found anything."""
    checks = BooksCheck.objects.order_by("-checked_at", "-id")
    check = checks.filter(scope=CheckScope.FULL).first()
    newest = checks.first()
    recent = check is not None and check.checked_at > now - PROOF_IS_RECENT
    detail = (
        "They were never proved."
        if check is None
        else f"Last proved {check.checked_at:%d %b %Y, %H:%M} UTC: {_found(len(check.findings))}."
    )
    return ChecklistItem(
        "proof",
        "The books are proved within a day",
        bool(check and check.ok and recent and newest and newest.ok),
        detail,
    )


def _found(count: int) -> str:
    return f"{count} finding{'' if count == 1 else 's'}" if count else "nothing is wrong"


def _rolled(last: date) -> ChecklistItem:
    ((waiting,),) = rows(
        "SELECT count(*) FROM ledger_tail('0001-01-01', %(last)s)", {"last": last}
    )
    return ChecklistItem(
        "rolled",
        "Totals and chain reach the end of the month",
        not waiting,
        f"{waiting} lines are not in them yet." if waiting else "",
    )


def _suspense(last: date) -> ChecklistItem:
    standing = [
        f"{Money(row.credits_minor - row.debits_minor, row.currency)} {row.cluster}".strip()
        for row in balances_on(on=last)
        if row.code == SUSPENSE and row.credits_minor != row.debits_minor
    ]
    return ChecklistItem(
        "suspense",
        "Nothing is in suspense",
        not standing,
        f"There stand {', '.join(standing)}." if standing else "",
    )


def _proposals(last: date) -> ChecklistItem:
    dated = Q(kind=ProposalKind.ENTRY, payload__effective_on__lte=last.isoformat())
    waiting = Proposal.objects.filter(
        dated | ~Q(kind=ProposalKind.ENTRY), state=ProposalState.PROPOSED
    ).count()
    return ChecklistItem(
        "proposals",
        "No proposal waits that would change it",
        not waiting,
        f"{waiting} to be decided." if waiting else "",
    )
