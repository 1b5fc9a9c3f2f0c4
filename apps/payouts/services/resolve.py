"""Payouts of unknown outcome are looked up at their rails until it is known."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction

from apps.payouts import rules
from apps.payouts.adapters import Found, Paid, Unclear, rail_for
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from apps.payouts.services.moves import call_a_person, locked, move, record_event, record_paid
from apps.payouts.services.seen import Absent, Mismatch, judge

#: As in send: a tick starts nothing after this.
BUDGET_SECONDS = 120


def resolve_unknown(*, now: datetime, limit: int = 100) -> int:
    """
    Look up payouts of unknown outcome; return how many are no longer unknown.

    Found as we asked for it: paid. Found otherwise, or twice: a person must look. Surely
    not there, twice and longer after the call than a history may lag: approved again, once.
    Still unclear after ten looks, or not there after the one resend: a person must look.
    Looking changes nothing at the rail, so two at once do no harm.
    """
    solved = 0
    stop_at = time.monotonic() + BUDGET_SECONDS
    for _ in range(limit):
        if time.monotonic() > stop_at:
            break
        payout = _claim(now=now)
        if payout is None:
            break
        answer = rail_for(payout.rail).look_up(
            reference=payout.rail_reference,
            currency=payout.currency,
            since=payout.approved_at or payout.requested_at,
            until=now,
        )
        solved += _record(payout.pk, answer, now=now)
    return solved


@transaction.atomic
def _claim(*, now: datetime) -> Payout | None:
    """Take the next one by putting off its next look."""
    payout = (
        Payout.objects.select_for_update(skip_locked=True)
        .filter(status=Status.UNKNOWN, needs_attention=False, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if payout is not None:
        payout.looks += 1
        payout.next_attempt_at = now + rules.backoff(
            attempt=payout.looks, seed=payout.rail_reference
        )
        payout.save(update_fields=["looks", "next_attempt_at", "updated_at"])
    return payout


@transaction.atomic
def _record(payout_id: int, answer: Found | Unclear, *, now: datetime) -> bool:
    payout = locked(payout_id)
    if payout.status != Status.UNKNOWN or payout.needs_attention:
        return False
    seen = judge(payout, answer)
    if isinstance(seen, Paid):
        record_paid(payout, seen, now=now, note="Found in the rail's history")
        return True
    if isinstance(seen, Mismatch):
        call_a_person(payout, code="MISMATCH", note=seen.message, now=now)
        return False
    if isinstance(seen, Absent):
        return _record_absent(payout, now=now)
    record_event(payout, now=now, code=seen.code, note=seen.message)
    _give_up_if_hopeless(payout, now=now)
    return False


def _record_absent(payout: Payout, *, now: datetime) -> bool:
    payout.misses += 1
    payout.save(update_fields=["misses", "updated_at"])
    since = payout.unknown_since or now
    if rules.may_resend(
        misses=payout.misses, unknown_since=since, now=now, resends=payout.resends
    ):
        payout.resends += 1
        move(payout, Status.APPROVED, now=now, note="Not in the rail's history", due=now)
        return True
    record_event(payout, now=now, note="Not in the rail's history yet")
    _give_up_if_hopeless(payout, now=now)
    return False


def _give_up_if_hopeless(payout: Payout, *, now: datetime) -> None:
    if rules.needs_a_person(
        looks=payout.looks,
        misses=payout.misses,
        since=payout.unknown_since or now,
        now=now,
        resends=payout.resends,
    ):
        call_a_person(payout, code="STILL_UNKNOWN", note="No look-up settled it", now=now)
