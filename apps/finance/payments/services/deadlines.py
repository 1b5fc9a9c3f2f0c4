"""Nobody forgets a dispute: reminders before its deadline, an error after it."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.finance.payments.models import Dispute, DisputeEvent
from apps.finance.payments.rules.disputes import REMINDERS, WAITS_FOR_US, Word

log = structlog.get_logger(__name__)

_TEXTS = ("72 hours are left", "24 hours are left", "The deadline has passed without an answer")


@atomic
def watch_deadlines(*, now: datetime, limit: int = 500) -> int:
    """
    Remind of disputes 72 and 24 hours before they are due, and report those that were missed;
    return how many were written. A tick: each reminder is given once for a deadline, also by two
    at once. A missed one is an error in the log and stays on record.
    """
    written = 0
    near = (
        Dispute.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("transaction__cluster")
        .filter(stage__in=WAITS_FOR_US, due_at__lte=now + REMINDERS[0], reminded__lt=len(_TEXTS))
        .order_by("due_at", "id")[:limit]
    )
    for dispute in near:
        written += _remind(dispute, now=now)
    return written


def reminders_due(due_at: datetime, now: datetime) -> int:
    """Return how many of the three reminders of a deadline should have been given by now."""
    return sum(now >= due_at - before for before in REMINDERS) + (now > due_at)


def _remind(dispute: Dispute, *, now: datetime) -> bool:
    if dispute.due_at is None:
        return False
    number = reminders_due(dispute.due_at, now)
    if number <= dispute.reminded:
        return False
    missed = number == len(_TEXTS)
    dispute.reminded = number
    dispute.save(update_fields=["reminded"])
    text = _TEXTS[number - 1]
    DisputeEvent.objects.create(
        dispute=dispute, word=Word.NOTE, recorded_at=now, stage=dispute.stage, reason=text
    )
    facts = {"dispute": dispute.pk, "reference": dispute.reference, "due": str(dispute.due_at)}
    if missed:
        log.error("dispute_deadline_missed", **facts)
        audit.record(
            by=None,
            action="payments.dispute_deadline_missed",
            subject=dispute,
            reason=text,
            facts=facts,
            cluster=dispute.transaction.cluster,
        )
    else:
        log.warning("dispute_deadline_near", left=text, **facts)
    return True
