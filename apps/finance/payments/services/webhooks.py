"""The inbox: store first, then process each delivery exactly once (PAY-7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import structlog
from django.db import DatabaseError
from django.db.models import Q
from django.db.transaction import atomic

from apps.core.db import outside_transaction, prepared_rows
from apps.core.errors import DomainError
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.rules.redact import clean_text
from apps.finance.payments.rules.waiting import LEASE, MOST_ATTEMPTS, process_again_after
from apps.finance.payments.services.drain import book_batch
from apps.finance.payments.services.hear import hear_delivery
from apps.finance.payments.services.reading import kept_headers
from apps.finance.payments.services.sealed import Sent, hide_card_data, to_be_stored

log = structlog.get_logger(__name__)

#: Deliveries in one transaction; the fastest lies between 300 and 1000.
BATCH = 500
#: Bytes of them: 500 of the largest would be 128 MB. The last may go over it.
BATCH_BYTES = 4 * 1024 * 1024
#: After so many new ones, some that were tried before get their turn.
_RETRIES_BETWEEN = 25
#: What one run takes on at most; the next tick or nudge goes on.
MOST_IN_A_RUN = 20 * BATCH

_STORE = (
    "INSERT INTO payments_webhookevent (gateway, credentials, method, query, raw_query, headers,"
    " body, remote_ip, received_at, next_attempt_at, card_data, event_type, status, dedupe_key,"
    " attempts, error)"
    " VALUES (%s::text, %s::text, %s::text, %s::jsonb, %s::text, %s::jsonb, %s::bytea,"
    " NULLIF(%s::text, '')::inet, %s::timestamptz, %s::timestamptz, %s::text,"
    " '', 'RECEIVED', '', 0, '')"
    " RETURNING id"
)
_CLAIM = (
    "WITH waiting AS (SELECT id, next_attempt_at, octet_length(body) AS size"
    " FROM payments_webhookevent"
    " WHERE status = 'RECEIVED' AND attempts = 0 AND next_attempt_at <= %(now)s"
    " ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED),"
    " due AS (SELECT id FROM (SELECT id, size, sum(size) OVER (ORDER BY next_attempt_at, id)"
    " AS total FROM waiting) w WHERE total - size < %(bytes)s)"
    " UPDATE payments_webhookevent w"
    " SET attempts = 1, claimed_until = %(lease)s, next_attempt_at = %(lease)s"
    " FROM due WHERE w.id = due.id RETURNING w.*"
)


def receive_webhook(
    *,
    gateway: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    remote_ip: str,
    now: datetime,
    credentials: str = "",
    method: str = "POST",
    raw_query: str = "",
) -> int:
    """Store a delivery raw, in one insert, and return its id. Nothing of it is believed yet.

    ``credentials`` names the set of secrets that its address belongs to, and that must prove it.
    What may hold a card number is sealed, a security code is hidden (``services/sealed.py``).
    """
    at = now.isoformat()
    card_data, sent = to_be_stored(
        Sent(json.dumps(dict(query)), raw_query, json.dumps(kept_headers(headers)), body)
    )
    [(webhook_id,)] = prepared_rows(
        _STORE,
        (
            gateway,
            credentials,
            method,
            *sent,
            remote_ip,
            at,
            at,
            card_data.value,
        ),
    )
    return int(webhook_id)


def process_webhooks(*, now: datetime, limit: int = MOST_IN_A_RUN) -> int:
    """
    Process what waits in the inbox, oldest first; return how many were finished.

    Safe to run many times at once and to stop anywhere. New deliveries are claimed in batches,
    and what they have in common is booked in one transaction for each batch (``book_batch``); all
    others go one by one, each in a transaction of its own: posting, state, history, event, news
    and the delivery's own state. What was claimed before and not finished, because it failed or
    its worker died, is claimed alone, just before its turn: it costs no other one an attempt.
    """
    finished = taken = 0
    while taken < limit:
        batch = claim_batch(now, min(BATCH, limit - taken))
        finished += process_batch(batch, now)
        alone = 0
        while alone < _RETRIES_BETWEEN and (webhook_id := _claim_again(now)) is not None:
            finished += _process(webhook_id, now)
            alone += 1
        taken += len(batch) + alone
        if not batch and alone < _RETRIES_BETWEEN:
            break
    return finished


def claim_batch(now: datetime, limit: int) -> list[WebhookEvent]:
    """Take new deliveries, those that wait longest. The attempt counts from here."""
    claimed = WebhookEvent.objects.raw(
        _CLAIM, {"now": now, "limit": limit, "bytes": BATCH_BYTES, "lease": now + LEASE}
    )
    return sorted(claimed, key=lambda webhook: webhook.pk)


@outside_transaction
def process_batch(batch: list[WebhookEvent], now: datetime) -> int:
    """Book what the claimed deliveries have in common at once, the rest one by one."""
    done: set[int] = set()
    if len(batch) > 1:
        try:
            done = book_batch(batch, now=now)
        except Exception:  # whichever it was, alone it costs only itself
            log.exception("webhook_batch_failed", first=batch[0].pk, size=len(batch))
    return len(done) + sum(_process(each.pk, now) for each in batch if each.pk not in done)


@atomic
def _claim_again(now: datetime) -> int | None:
    """
    Take the delivery that waits longest of those tried before; those tried too often end here.
    Meanwhile it goes behind all others for the time of its lease.
    """
    due = (
        WebhookEvent.objects.select_for_update(skip_locked=True)
        .filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
            status=WebhookStatus.RECEIVED,
            next_attempt_at__lte=now,
            attempts__gt=0,
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
        hide_card_data(webhook)
        webhook.save()
    return None


def _process(webhook_id: int, now: datetime) -> bool:
    try:
        return hear_delivery(webhook_id, now=now)
    except (DomainError, DatabaseError, Unreadable) as error:
        log.warning("webhook_not_processed", webhook=webhook_id, error=repr(error))
        _record_trouble(webhook_id, error, now)
    except Exception as error:  # whatever a stranger wrote, the next ones must not wait for it
        log.exception("webhook_failed", webhook=webhook_id)
        _record_trouble(webhook_id, error, now)
    return False


@atomic
def _record_trouble(webhook_id: int, error: Exception, now: datetime) -> None:
    webhook = WebhookEvent.objects.select_for_update().get(pk=webhook_id)
    if webhook.status != WebhookStatus.RECEIVED:
        return
    webhook.claimed_until = None
    webhook.error = clean_text(storable(f"{type(error).__name__}: {error}"))
    if webhook.attempts >= MOST_ATTEMPTS:
        webhook.status = WebhookStatus.PARKED
        webhook.processed_at = now
        hide_card_data(webhook)
    else:
        webhook.next_attempt_at = now + process_again_after(webhook.attempts)
    webhook.save()


def storable(text: str) -> str:
    """An error may quote what the database refuses: half a surrogate pair, or NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
