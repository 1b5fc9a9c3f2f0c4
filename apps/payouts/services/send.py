"""Approved payouts leave by their rails: claim (commit), call, record (commit)."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.db import transaction

from apps.payouts import rules
from apps.payouts.adapters import (
    Instruction,
    Later,
    Outcome,
    Paid,
    Rail,
    Refused,
    Unknown,
    rail_for,
)
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from apps.payouts.services.moves import (
    call_a_person,
    locked,
    move,
    record_event,
    record_failed,
    record_paid,
)
from apps.payouts.services.seen import Absent, Mismatch, judge

logger = logging.getLogger(__name__)

#: A tick starts no payout after this, so that every claim it made is shorter than its lease.
BUDGET_SECONDS = 120


def send_approved(*, now: datetime, limit: int = 100) -> int:
    """
    Hand approved payouts to their rails; return how many were paid.

    Safe to run twice at once and to be killed anywhere. A rail may have no idempotency of
    its own, so what was left behind is never simply sent again: a claim that ran out before
    its call is taken up anew, one that ran out after its call began is of UNKNOWN outcome
    and belongs to ``resolve_unknown``, and every attempt but the first looks the payout up
    under our reference before it sends.
    """
    _take_up_expired(now=now)
    paid = 0
    stop_at = time.monotonic() + BUDGET_SECONDS
    for _ in range(limit):
        if time.monotonic() > stop_at:
            break
        payout = _claim(now=now)
        if payout is None:
            break
        paid += _send(payout, now=now)
    return paid


@transaction.atomic
def _take_up_expired(*, now: datetime) -> None:
    """Sort what a killed worker left: not yet called, or perhaps called."""
    expired = (
        Payout.objects.select_for_update(skip_locked=True)
        .filter(status=Status.SENDING, claimed_until__lt=now)
        .order_by("id")
    )
    for payout in expired:
        if payout.handed_over_at is None:
            move(payout, Status.APPROVED, now=now, note="Claim ran out before the call", due=now)
        else:
            move(
                payout,
                Status.UNKNOWN,
                now=now,
                code="CLAIM_RAN_OUT",
                note="Claim ran out after the call began",
                due=now,
            )


@transaction.atomic
def _claim(*, now: datetime) -> Payout | None:
    payout = (
        Payout.objects.select_for_update(skip_locked=True)
        .filter(status=Status.APPROVED, needs_attention=False, next_attempt_at__lte=now)
        .order_by("next_attempt_at", "id")
        .first()
    )
    if payout is not None:
        move(payout, Status.SENDING, now=now)
    return payout


def _send(payout: Payout, *, now: datetime) -> bool:
    rail = rail_for(payout.rail)
    if payout.attempts > 1 and not _is_surely_unpaid(rail, payout, now=now):
        return False
    if not _hand_over(payout, now=now):
        return False
    outcome = rail.send(
        Instruction(
            reference=payout.rail_reference,
            amount=payout.amount,
            destination=payout.destination,
            note="Creator earnings",
        )
    )
    return _record(payout.pk, payout.attempts, outcome, now=now)


def _is_surely_unpaid(rail: Rail, payout: Payout, *, now: datetime) -> bool:
    """Look before sending again; record what was seen unless it is certainly nothing."""
    answer = rail.look_up(
        reference=payout.rail_reference,
        currency=payout.currency,
        since=payout.approved_at or payout.requested_at,
        until=now,
    )
    seen = judge(payout, answer)
    if isinstance(seen, Absent):
        return True
    if isinstance(seen, Paid):
        _record(payout.pk, payout.attempts, seen, now=now)
    elif isinstance(seen, Mismatch):
        _record_mismatch(payout.pk, payout.attempts, seen, now=now)
    else:
        later = Later(seen.code, "Not sent: the history could not be read first")
        _record(payout.pk, payout.attempts, later, now=now)
    return False


@transaction.atomic
def _hand_over(payout: Payout, *, now: datetime) -> bool:
    """Write down that the call begins; False when the claim has meanwhile become another's."""
    current = locked(payout.pk)
    if current.status != Status.SENDING or current.attempts != payout.attempts:
        return False
    current.handed_over_at = now
    current.save(update_fields=["handed_over_at", "updated_at"])
    return True


@transaction.atomic
def _record(payout_id: int, attempt: int, outcome: Outcome, *, now: datetime) -> bool:
    payout = locked(payout_id)
    if payout.status != Status.SENDING or payout.attempts != attempt:
        _record_late(payout, outcome, now=now)
    elif isinstance(outcome, Paid):
        record_paid(payout, outcome, now=now)
        return True
    elif isinstance(outcome, Refused):
        record_failed(payout, code=outcome.code, message=outcome.message, now=now)
    elif isinstance(outcome, Later):
        _record_later(payout, outcome, now=now)
    else:
        _record_unknown(payout, outcome, now=now)
    return False


def _record_later(payout: Payout, outcome: Later, *, now: datetime) -> None:
    due = now + rules.backoff(attempt=payout.attempts, seed=payout.rail_reference)
    move(payout, Status.APPROVED, now=now, code=outcome.code, note=outcome.message, due=due)
    if payout.attempts % rules.MAX_ATTEMPTS == 0:
        call_a_person(payout, code=outcome.code, note=outcome.message, now=now)


def _record_unknown(payout: Payout, outcome: Unknown, *, now: datetime) -> None:
    due = now + rules.backoff(attempt=1, seed=payout.rail_reference)
    move(payout, Status.UNKNOWN, now=now, code=outcome.code, note=outcome.message, due=due)


@transaction.atomic
def _record_mismatch(payout_id: int, attempt: int, seen: Mismatch, *, now: datetime) -> None:
    payout = locked(payout_id)
    if payout.status == Status.SENDING and payout.attempts == attempt:
        move(payout, Status.UNKNOWN, now=now, code="MISMATCH", note=seen.message, due=now)
        call_a_person(payout, code="MISMATCH", note=seen.message, now=now)


def _record_late(payout: Payout, outcome: Outcome, *, now: datetime) -> None:
    """Use an answer that came after its claim ran out: news of a payment is never dropped."""
    if not isinstance(outcome, Paid):
        record_event(payout, now=now, code="LATE_ANSWER", note=f"Ignored: {outcome.code}")
    elif payout.status == Status.UNKNOWN:
        record_paid(payout, outcome, now=now, note="The answer came late")
    elif payout.rail_transaction_id == outcome.transaction_id:
        record_event(payout, now=now, code="LATE_ANSWER", note="Known already")
    else:
        note = f"Paid as {outcome.transaction_id} while {payout.status}"
        logger.error("Payout %s: %s", payout.rail_reference, note)
        if payout.status == Status.APPROVED:
            call_a_person(payout, code="LATE_PAID", note=note, now=now)
        else:
            record_event(payout, now=now, code="LATE_PAID", note=note)
