"""The inbox: store first, then process each delivery exactly once (PAY-7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.errors import DomainError
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Delivery, NotAuthentic, Notice, Unreadable
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.rules.waiting import LEASE, MOST_ATTEMPTS, process_again_after
from apps.finance.payments.selectors.merchants import of_gateway
from apps.finance.payments.services.notices import Refused, apply_notice

log = structlog.get_logger(__name__)

#: Headers worth keeping; none of them can hold a secret.
KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "user-agent", "host", "x-forwarded-for", "x-request-id"}
)


def receive_webhook(
    *,
    gateway: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    remote_ip: str,
    now: datetime,
) -> int:
    """Store a delivery raw, in one insert, and return its id. Nothing of it is believed yet."""
    return WebhookEvent.objects.create(
        gateway=gateway,
        query=dict(query),
        headers={k: v for k, v in headers.items() if k.lower() in KEPT_HEADERS},
        body=body,
        remote_ip=remote_ip or None,
        received_at=now,
        next_attempt_at=now,
    ).pk


def process_webhooks(*, now: datetime, limit: int = 100) -> int:
    """
    Process what waits in the inbox, oldest first; return how many were finished.

    Safe to run many times at once and to stop anywhere: each delivery is claimed just before
    its turn, so one that fails or kills its worker costs no other one an attempt. Posting,
    state, history, event and the delivery's own state are one transaction.
    """
    finished = 0
    for _ in range(limit):
        webhook_id = _claim_next(now)
        if webhook_id is None:
            break
        finished += _process(webhook_id, now)
    return finished


@atomic
def _claim_next(now: datetime) -> int | None:
    """
    Take the delivery that waits longest. The attempt counts from here, so one that kills
    workers ends too; meanwhile it goes behind all others for the time of its lease.
    """
    due = (
        WebhookEvent.objects.select_for_update(skip_locked=True)
        .filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
            status=WebhookStatus.RECEIVED,
            next_attempt_at__lte=now,
        )
        .order_by("next_attempt_at", "id")
    )
    while webhook := due.first():
        if webhook.attempts < MOST_ATTEMPTS:
            webhook.attempts += 1
            webhook.claimed_until = webhook.next_attempt_at = now + LEASE
            webhook.save(update_fields=["attempts", "claimed_until", "next_attempt_at"])
            return webhook.pk
        webhook.status = WebhookStatus.PARKED
        webhook.error = webhook.error or "Its processing never came to an end"
        webhook.processed_at = now
        webhook.save()
    return None


def _process(webhook_id: int, now: datetime) -> bool:
    try:
        return _process_once(webhook_id, now)
    except (DomainError, DatabaseError, Unreadable) as error:
        log.warning("webhook_not_processed", webhook=webhook_id, error=repr(error))
        _record_trouble(webhook_id, error, now)
    except Exception as error:  # whatever a stranger wrote, the next ones must not wait for it
        log.exception("webhook_failed", webhook=webhook_id)
        _record_trouble(webhook_id, error, now)
    return False


@atomic
def _process_once(webhook_id: int, now: datetime) -> bool:
    webhook = WebhookEvent.objects.select_for_update().get(pk=webhook_id)
    if webhook.status != WebhookStatus.RECEIVED:
        return False  # a claim that outlived its lease: another worker was faster
    webhook.claimed_until = None
    webhook.processed_at = now
    webhook.error = ""
    try:
        notice = _read(webhook)
        webhook.event_type = notice.event_type
        apply_notice(webhook=webhook, notice=notice, now=now)
    except (NotAuthentic, Refused) as refusal:
        _refuse(webhook, str(refusal))
    webhook.save()
    return True


def _read(webhook: WebhookEvent) -> Notice:
    [notice] = gateway_for(webhook.gateway).read_webhook(
        Delivery(
            query=webhook.query,
            headers=webhook.headers,
            body=bytes(webhook.body),
            remote_ip=webhook.remote_ip or "",
        ),
        of_gateway(webhook.gateway),
    )
    return notice


def _refuse(webhook: WebhookEvent, reason: str) -> None:
    """It changes nothing but this record (and the delivery's own state)."""
    webhook.status = WebhookStatus.REFUSED
    webhook.error = reason[:300]
    webhook.transaction = None
    audit.record(
        by=None,
        action="payments.webhook_refused",
        subject=webhook,
        reason=reason,
        facts={"gateway": webhook.gateway, "event_type": webhook.event_type},
        ip=webhook.remote_ip or "",
    )


@atomic
def _record_trouble(webhook_id: int, error: Exception, now: datetime) -> None:
    webhook = WebhookEvent.objects.select_for_update().get(pk=webhook_id)
    if webhook.status != WebhookStatus.RECEIVED:
        return
    webhook.claimed_until = None
    webhook.error = _storable(f"{type(error).__name__}: {error}")[:300]
    if webhook.attempts >= MOST_ATTEMPTS:
        webhook.status = WebhookStatus.PARKED
        webhook.processed_at = now
    else:
        webhook.next_attempt_at = now + process_again_after(webhook.attempts)
    webhook.save()


def _storable(text: str) -> str:
    """An error may quote what the database refuses: half a surrogate pair, or NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
