"""News that came before what it is about: it waits in the inbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.core.db import joins_transaction
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent


@joins_transaction
def wake_those_waiting_for(transaction_ids: Sequence[int], *, now: datetime) -> int:
    """
    Let deliveries about payments that were just captured be tried at once; return how many.

    What another worker holds at this moment is left to it: it waits for the same payments.
    """
    waiting = (
        WebhookEvent.objects.select_for_update(skip_locked=True)
        .filter(
            transaction__in=transaction_ids,
            status=WebhookStatus.RECEIVED,
            claimed_until__isnull=True,
        )
        .values_list("pk", flat=True)
    )
    return WebhookEvent.objects.filter(pk__in=list(waiting)).update(next_attempt_at=now)
