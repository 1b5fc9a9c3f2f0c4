"""Append-only record of who did what to which thing, why and from where."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import timezone

from apps.audit import rules
from apps.audit.models import AuditRecord, ChainHead
from apps.core.context import client_address, request_id
from apps.core.db import joins_transaction
from apps.core.logs import without_secrets

log = structlog.get_logger(__name__)
#: Any two numbers that no other advisory lock of the platform uses.
_SEALER = (7_301, 1)
BATCH = 1_000


@joins_transaction
def record(
    *,
    by: Any,
    action: str,
    subject: Any = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
    cluster: Any = None,
    ip: str = "",
) -> None:
    """Add one record in the caller's transaction; it stands and falls with what it reports.

    ``by`` is the acting user, or None for the platform itself. ``subject`` is a model instance
    or text such as "payout:17". ``facts`` are plain values; what is named like a secret, and
    card numbers, are stored as "[hidden]". It takes no lock: the chain is built by ``seal``.
    ``ip`` is the address of the request at work unless it is given.
    """
    subject_type, subject_id = _named(subject)
    plain = json.loads(json.dumps(facts or {}, cls=DjangoJSONEncoder))
    AuditRecord.objects.create(
        at=timezone.now(),
        actor_id=by.pk if by else None,
        actor_label=str(by) if by else "platform",
        action=action,
        subject_type=subject_type,
        subject_id=subject_id,
        cluster=getattr(cluster, "slug", cluster) or "",
        reason=without_secrets(reason),
        facts=without_secrets(plain),
        ip=ip or client_address.get() or None,
        request_id=request_id.get(),
    )


def _named(subject: Any) -> tuple[str, str]:
    if isinstance(subject, models.Model):
        return subject._meta.label_lower, str(subject.pk)  # noqa: SLF001 (public by documentation)
    kind, _, identifier = str(subject or "").partition(":")
    return kind, identifier


@transaction.atomic
def seal(*, now: datetime, limit: int = BATCH) -> int:
    """Link the oldest unsealed records to the chain, and note its new head; return how many.

    One sealer works at a time; another returns 0 at once. A record whose transaction commits
    late is sealed by the next run: its number tells its place in the chain, not its id.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _SEALER)
        if not cursor.fetchone()[0]:
            return 0
    head = ChainHead.objects.order_by("-number").first()
    number, previous = (head.number, head.hash) if head else (0, rules.GENESIS)
    waiting = list(AuditRecord.objects.filter(number=None).order_by("id")[:limit])
    for entry in waiting:
        number += 1
        entry.number, entry.previous_hash = number, previous
        previous = entry.hash = rules.hash_of(
            {name: getattr(entry, name) for name in rules.FIELDS}
            | {"at": entry.at.astimezone(UTC)}
        )
    if waiting:
        AuditRecord.objects.bulk_update(waiting, ["number", "previous_hash", "hash"])
        ChainHead.objects.create(at=now, number=number, hash=previous)
        log.info("audit.sealed", number=number, head=previous)
    return len(waiting)
