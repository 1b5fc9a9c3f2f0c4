"""What staff do with stored webhooks: send them through again, park them, set them aside."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.choices import CardData, NoticeOutcome, WebhookStatus
from apps.finance.payments.models import WebhookEvent, WebhookNotice
from apps.finance.payments.services.sealed import hide_card_data

REPLAYABLE = frozenset(
    {
        WebhookStatus.REFUSED,
        WebhookStatus.PARKED,
        WebhookStatus.IGNORED,
        WebhookStatus.QUARANTINED,
    }
)
PARKABLE = frozenset({WebhookStatus.RECEIVED, WebhookStatus.REFUSED, WebhookStatus.QUARANTINED})
IGNORABLE = frozenset({WebhookStatus.PARKED, WebhookStatus.REFUSED, WebhookStatus.QUARANTINED})


@atomic
def replay_webhook(*, webhook_id: int, by: User, reason: str, now: datetime) -> WebhookEvent:
    """
    Put a delivery that was not processed back in the queue. All its checks are made again,
    so nothing that was booked can be booked twice, and a forgery stays refused.

    :raises WebhookNotFound: there is none by this id
    :raises ReplayNotAllowed: ``by`` lacks payments.replay_webhook
    :raises ReasonMissing: no reason is given
    :raises NothingToReplay: it was processed, or still waits
    :raises WebhookEmptied: what was sent is no longer kept, or not as it came
    """
    webhook = _asked_about(webhook_id, by, reason)
    if webhook.status not in REPLAYABLE:
        raise errors.NothingToReplay(status=webhook.status)
    if webhook.emptied_at or webhook.card_data == CardData.HIDDEN:
        raise errors.WebhookEmptied()
    before = webhook.status
    _forget_what_was_not_done(webhook)
    webhook.status = WebhookStatus.RECEIVED
    webhook.attempts = 0
    webhook.next_attempt_at = now
    webhook.processed_at = webhook.claimed_until = webhook.duplicate_of = None
    webhook.dedupe_key = webhook.error = ""
    webhook.save()
    _record(webhook, "payments.webhook_replayed", by, reason, before)
    return webhook


@atomic
def park_webhook(*, webhook_id: int, by: User, reason: str, now: datetime) -> WebhookEvent:
    """
    Take a delivery out of the queue, or out of what was refused, for a person to look at.

    Nothing that was booked is undone. Raises as ``replay_webhook``, and

    :raises WebhookNotWaiting: it is processed, ignored or parked, or a worker has it in hand
    """
    webhook = _asked_about(webhook_id, by, reason)
    is_held = webhook.claimed_until is not None and webhook.claimed_until >= now
    if webhook.status not in PARKABLE or is_held:
        raise errors.WebhookNotWaiting(status=webhook.status)
    return _set_aside(webhook, WebhookStatus.PARKED, by=by, reason=reason, now=now)


@atomic
def ignore_webhook(*, webhook_id: int, by: User, reason: str, now: datetime) -> WebhookEvent:
    """
    Say that nothing needs to be done about a delivery; it leaves the queues.

    Nothing that was booked is undone. Raises as ``replay_webhook``, and

    :raises WebhookNotWaiting: it is not parked, refused or quarantined
    """
    webhook = _asked_about(webhook_id, by, reason)
    if webhook.status not in IGNORABLE:
        raise errors.WebhookNotWaiting(status=webhook.status)
    return _set_aside(webhook, WebhookStatus.IGNORED, by=by, reason=reason, now=now)


@joins_transaction
def _forget_what_was_not_done(webhook: WebhookEvent) -> None:
    """What was done stays done; all other news is heard anew. Later ones may have repeated it."""
    anew = webhook.notices.exclude(outcome=NoticeOutcome.DONE)
    rows = list(anew.select_for_update().order_by("pk").values_list("pk", flat=True))
    WebhookNotice.objects.filter(repeats__in=rows).update(repeats=None)
    anew.delete()


@joins_transaction
def _asked_about(webhook_id: int, by: User, reason: str) -> WebhookEvent:
    if not by.has_perm("payments.replay_webhook"):
        raise errors.ReplayNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    webhook = WebhookEvent.objects.select_for_update().filter(pk=webhook_id).first()
    if webhook is None:
        raise errors.WebhookNotFound()
    return webhook


@joins_transaction
def _set_aside(
    webhook: WebhookEvent, status: WebhookStatus, *, by: User, reason: str, now: datetime
) -> WebhookEvent:
    before, webhook.status = webhook.status, status
    webhook.error = f"By staff: {reason.strip()}"[:300]
    webhook.claimed_until = None
    webhook.processed_at = webhook.processed_at or now
    hide_card_data(webhook)
    webhook.save()
    word = "parked" if status == WebhookStatus.PARKED else "ignored"
    _record(webhook, f"payments.webhook_{word}", by, reason, before)
    return webhook


@joins_transaction
def _record(webhook: WebhookEvent, action: str, by: User, reason: str, before: str) -> None:
    audit.record(by=by, action=action, subject=webhook, reason=reason, facts={"was": before})
