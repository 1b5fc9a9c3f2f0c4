"""The tick of billing: work off what is due, each kind on its own road."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from django.db.transaction import atomic

from apps.core.db import outside_transaction
from apps.finance.payments.services.charge import Clock
from apps.finance.subscriptions.services import runs
from apps.finance.subscriptions.services.claims import ENDS, PAUSES, UNPAID, claim, claim_ids
from apps.finance.subscriptions.services.ends import Ending, end_many, reason_of
from apps.finance.subscriptions.services.first_payment import expire_incomplete
from apps.finance.subscriptions.services.isolate import isolated
from apps.finance.subscriptions.services.pause import resume_due as let_go_on
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.renew_gateway import miss_renewals
from apps.finance.subscriptions.services.renew_means import renew_means
from apps.finance.subscriptions.services.renew_wallets import renew_wallets
from apps.finance.subscriptions.services.runs import Billed

LIMIT = 2_000
#: Of what is done one by one.
FEW = 100
BUDGET = timedelta(seconds=50)


class Road(Protocol):
    """Work off up to ``limit`` of a kind in the caller's transaction."""

    def __call__(
        self, *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
    ) -> Billed: ...


def end_due(
    *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
) -> Billed:
    """End what was cancelled or given, on its day."""
    dues = claim(ENDS, now=now, limit=limit, among=among)
    claimed.extend(due.pk for due in dues)
    end_many([Ending(due, reason_of(due)) for due in dues], now=now)
    return Billed(ended=len(dues))


def expire_due(
    *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
) -> Billed:
    """End what was never paid for."""
    dues = claim_ids(UNPAID, now=now, limit=limit, among=among)
    claimed.extend(dues)
    ended = expire_incomplete(dues, now=now) if dues else 0
    return Billed(ended=ended, moved=len(dues) - ended)


def resume_due(
    *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
) -> Billed:
    """Let go on what was paused until now."""
    dues = claim_ids(PAUSES, now=now, limit=min(limit, FEW), among=among)
    claimed.extend(dues)
    return Billed(moved=sum(let_go_on(subscription_id=pk, now=now) for pk in dues))


#: In this order, each until nothing of it is left: who cancelled is never charged meanwhile, what
#: goes on after a pause is charged by the same tick, and who must be reminded is, before.
FIRST: tuple[Road, ...] = (end_due, expire_due, resume_due)
THEN: tuple[Road, ...] = (renew_wallets, miss_renewals)


@outside_transaction
def bill_due(
    *,
    now: datetime,
    limit: int = LIMIT,
    budget: timedelta = BUDGET,
    clock: Clock | None = None,
) -> Billed:
    """
    Work off what is due: renew, try again, end; each subscription by one worker.

    With nothing due it is one query. Otherwise batches of ``limit``, each a transaction that
    leaves everything as after a renewal or as before, until nothing is left or the budget is
    spent. Two at once share the work; one that is killed leaves the rest to the next. A row that
    raises is found by halving, written down and left alone for an hour. ``clock``: see
    ``renew_means``.
    """
    seen = runs.look(now=now)
    total = Billed()
    if not seen.is_due:
        if seen.open_run is not None:
            runs.end_run(run=seen.open_run, now=now)
        return total
    run = seen.open_run or runs.begin_run(now=now)
    stop_at = time.monotonic() + budget.total_seconds()
    works: list[Callable[..., Billed]] = [
        *(partial(work_off, road, limit=limit) for road in FIRST),
        remind,
        *(partial(work_off, road, limit=limit) for road in THEN),
        partial(renew_means, clock=clock),
    ]
    for work in works:
        while time.monotonic() < stop_at:
            done = work(run=run, now=now)
            total.add(done)
            if not done.touched:
                break
    if not runs.look(now=now).is_due:
        runs.end_run(run=run, now=now)
    return total


def remind(*, run: int, now: datetime) -> Billed:
    """Say what must be said before anything is charged: after an outage nobody else did."""
    del run
    return Billed(moved=remind_due(now=now))


def work_off(road: Road, *, run: int, now: datetime, limit: int) -> Billed:
    """Do one batch of a road in a transaction; a row that raises is written down alone."""

    def batch(*, claimed: list[int], among: Sequence[int] | None) -> Billed:
        work = partial(road, now=now, limit=limit, claimed=claimed, among=among)
        return _in_one(work, run, now)

    total = Billed()
    for done in isolated(batch, alone=partial(runs.left_alone, run=run, now=now)):
        total.add(done)
    return total


@atomic
def _in_one(work: Callable[[], Billed], run: int, now: datetime) -> Billed:
    billed = work()
    if billed.touched:
        runs.count(run=run, billed=billed, now=now)
    return billed
