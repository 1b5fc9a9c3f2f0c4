"""Staff send a stored webhook through again."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.payments import errors
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent

_REPLAYABLE = frozenset({WebhookStatus.REFUSED, WebhookStatus.PARKED, WebhookStatus.IGNORED})


@atomic
def replay_webhook(*, webhook_id: int, by: User, reason: str, now: datetime) -> WebhookEvent:
    """
    Put a delivery that was not processed back in the queue. All its checks are made again,
    so nothing that was booked can be booked twice, and a forgery stays refused.

    :raises WebhookNotFound: there is none by this id
    :raises ReplayNotAllowed: ``by`` lacks payments.replay_webhook
    :raises ReasonMissing: no reason is given
    :raises NothingToReplay: it was processed, or still waits
    """
    if not by.has_perm("payments.replay_webhook"):
        raise errors.ReplayNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    webhook = WebhookEvent.objects.select_for_update().filter(pk=webhook_id).first()
    if webhook is None:
        raise errors.WebhookNotFound()
    if webhook.status not in _REPLAYABLE:
        raise errors.NothingToReplay(status=webhook.status)
    before = webhook.status
    webhook.status = WebhookStatus.RECEIVED
    webhook.attempts = 0
    webhook.next_attempt_at = now
    webhook.processed_at = webhook.claimed_until = webhook.duplicate_of = None
    webhook.dedupe_key = webhook.error = ""
    webhook.save()
    audit.record(
        by=by,
        action="payments.webhook_replayed",
        subject=webhook,
        reason=reason,
        facts={"was": before},
    )
    return webhook
