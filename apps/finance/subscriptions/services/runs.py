"""What a stretch of billing found due and what became of it, written as it goes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.db import connection
from django.db.models import F, Q
from django.db.transaction import atomic

from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.subscriptions.choices import RunState
from apps.finance.subscriptions.models import BillingFailure, BillingRun, Subscription

log = structlog.get_logger(__name__)

#: What is due is counted once, when a run begins, and no further than this.
MOST_COUNTED = 1_000_000
#: One that could not be billed for a reason that is ours is left alone for so long.
LEFT_ALONE = timedelta(hours=1)


@dataclass(slots=True)
class Billed:
    """What became of subscriptions that were due. ``money`` in smallest units by currency."""

    renewed: int = 0
    declined: int = 0
    waiting: int = 0
    ended: int = 0
    failed: int = 0
    #: Paused, resumed, reminded of: nothing was charged.
    moved: int = 0
    money: Counter[str] = field(default_factory=Counter)

    @property
    def touched(self) -> int:
        return self.renewed + self.declined + self.waiting + self.ended + self.failed + self.moved

    def add(self, other: Billed) -> None:
        """Count another's work as well."""
        self.renewed += other.renewed
        self.declined += other.declined
        self.waiting += other.waiting
        self.ended += other.ended
        self.failed += other.failed
        self.moved += other.moved
        self.money.update(other.money)


@dataclass(frozen=True, slots=True)
class Look:
    """Whether anything is due, and the run that is still open, if one is."""

    is_due: bool
    open_run: int | None


_LOOK = """
SELECT EXISTS (SELECT 1 FROM subscriptions_subscription WHERE due_at <= %(now)s),
       (SELECT CASE WHEN state = 'RUNNING' THEN id END FROM subscriptions_billingrun
         ORDER BY started_at DESC, id DESC LIMIT 1)
"""
_COUNT = """
SELECT count(*) FROM (SELECT 1 FROM subscriptions_subscription WHERE due_at <= %(now)s
                       LIMIT %(most)s) due
"""
_ADD = """
UPDATE subscriptions_billingrun r
   SET worked_at = greatest(worked_at, %(now)s), renewed = renewed + %(renewed)s,
       declined = declined + %(declined)s, waiting = waiting + %(waiting)s,
       ended = ended + %(ended)s, failed = failed + %(failed)s,
       money = money || coalesce((
           SELECT jsonb_object_agg(m.key, coalesce((r.money ->> m.key)::numeric, 0)
                                          + m.value::numeric)
             FROM jsonb_each_text(%(money)s::jsonb) m), '{}')
 WHERE id = %(run)s
"""


def look(*, now: datetime) -> Look:
    """Look, in one query, whether there is anything to do."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, {"now": now})
        return Look(*cursor.fetchone())


@atomic
def begin_run(*, now: datetime) -> int:
    """Open a run and return its id; two beats at once may open one each."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"now": now, "most": MOST_COUNTED})
        [due] = cursor.fetchone()
    return BillingRun.objects.create(started_at=now, worked_at=now, due=due).pk


@joins_transaction
def count(*, run: int, billed: Billed, now: datetime) -> None:
    """Add to a run what is done in this transaction: seen when, and only if, it is.

    Last in its transaction, as others wait for the row.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            {
                "run": run,
                "now": now,
                "renewed": billed.renewed,
                "declined": billed.declined,
                "waiting": billed.waiting,
                "ended": billed.ended,
                "failed": billed.failed,
                "money": json.dumps(billed.money),
            },
        )


@atomic
def end_run(*, run: int, now: datetime) -> None:
    """Nothing is left: close the run. Told again it changes nothing."""
    BillingRun.objects.filter(pk=run, state=RunState.RUNNING).update(
        state=RunState.DONE, ended_at=now, worked_at=now
    )


@atomic
def left_alone(subscription_id: int, error: Exception, *, run: int, now: datetime) -> Billed:
    """
    Write down that one could not be billed for a reason that is ours, and leave it alone for an
    hour, so that it stops no other. One that was renewed all the same stays as it is.
    """
    code = error.code if isinstance(error, DomainError) else type(error).__name__
    log.error("billing.failed", subscription=subscription_id, run=run, exc_info=error)
    BillingFailure.objects.create(
        run_id=run,
        subscription_id=subscription_id,
        at=now,
        code=code[:80],
        reason=str(error)[:500],
    )
    Subscription.objects.filter(
        Q(due_at__lte=now) | Q(claimed_until__gt=now), pk=subscription_id
    ).update(due_at=now + LEFT_ALONE)
    BillingRun.objects.filter(pk=run).update(failed=F("failed") + 1, worked_at=now)
    return Billed(failed=1)
