"""What gateways sent is not kept longer than it is needed: the fact and its hash stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic

from apps.core.db import outside_transaction

SLICE = 1_000
#: What is parked or quarantined waits for a person, who needs to read it.
_EMPTY = (
    "WITH old AS (SELECT id FROM payments_webhookevent"
    " WHERE emptied_at IS NULL AND processed_at < %s"
    " AND status IN ('PROCESSED', 'IGNORED', 'REFUSED')"
    " ORDER BY processed_at, id LIMIT %s FOR UPDATE SKIP LOCKED)"
    " UPDATE payments_webhookevent w SET body_sha256 = sha256(w.body), emptied_at = %s,"
    " body = '', query = '{}', raw_query = '', headers = '{}' FROM old WHERE w.id = old.id"
)


@outside_transaction
def empty_webhooks(*, now: datetime, slices: int = 100) -> int:
    """
    Empty deliveries that are done with for ``settings.WEBHOOK_KEPT_DAYS``; return how many.

    Slice by slice, each in a transaction of its own: safe to stop anywhere and to run twice.
    """
    before = now - timedelta(days=settings.WEBHOOK_KEPT_DAYS)
    emptied = 0
    for _ in range(slices):
        with atomic(), connection.cursor() as cursor:
            cursor.execute(_EMPTY, [before, SLICE, now])
            count = cursor.rowcount
        emptied += count
        if count < SLICE:
            break
    return emptied
