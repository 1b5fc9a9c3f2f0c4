"""One delivery by itself: prove it, act on each piece of its news, write down what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import DatabaseError
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import NotAuthentic, Notice
from apps.finance.payments.choices import NoticeOutcome, WebhookStatus
from apps.finance.payments.models import WebhookEvent, WebhookNotice
from apps.finance.payments.rules.redact import clean_text
from apps.finance.payments.rules.waiting import (
    MOST_ATTEMPTS,
    hear_again_after,
    process_again_after,
    waits_no_longer,
)
from apps.finance.payments.services.notices import Heard, apply_notice
from apps.finance.payments.services.reading import read_delivery
from apps.finance.payments.services.sealed import hide_card_data
from apps.finance.payments.services.whose import Refused, Unknown, find_order

log = structlog.get_logger(__name__)

#: What a delivery ends in when its news ended in several ways: the first of these.
_BY_WEIGHT = (
    (NoticeOutcome.QUARANTINED, WebhookStatus.QUARANTINED),
    (NoticeOutcome.PARKED, WebhookStatus.PARKED),
    (NoticeOutcome.REFUSED, WebhookStatus.REFUSED),
    (NoticeOutcome.DONE, WebhookStatus.PROCESSED),
    (NoticeOutcome.NOTHING, WebhookStatus.IGNORED),
    (NoticeOutcome.REPEAT, WebhookStatus.IGNORED),
)


class _Open(NamedTuple):
    """News that could not be acted on yet: it waits for other news, or something failed."""

    text: str
    is_early: bool
    transaction_id: int | None = None


@atomic
def hear_delivery(webhook_id: int, *, now: datetime) -> bool:
    """
    Act on a claimed delivery in one transaction; return whether it is finished.

    Each piece of news has a savepoint of its own: what cannot be acted on costs no other one.
    What was done stays done when the delivery is heard again for the rest.

    :raises Unreadable: its form is not understood
    """
    webhook = WebhookEvent.objects.select_for_update().get(pk=webhook_id)
    if webhook.status != WebhookStatus.RECEIVED:
        return False  # a claim that outlived its lease: another worker was faster
    webhook.claimed_until = None
    webhook.error = ""
    try:
        notices = read_delivery(webhook)
    except NotAuthentic as refusal:
        _refuse(webhook, str(refusal), now)
        return True
    webhook.event_type = clean_text(notices[0].event_type[:40])
    webhook.dedupe_key = notices[0].dedupe_key
    done = {row.number: row for row in webhook.notices.all()}
    still_open = [
        left
        for number, notice in enumerate(notices, 1)
        if number not in done
        and (left := _hear(webhook, number, notice, alone=len(notices) == 1, now=now))
    ]
    if still_open:
        return _hear_again(webhook, still_open, now)
    _end(webhook, now)
    return True


def _hear(
    webhook: WebhookEvent, number: int, notice: Notice, *, alone: bool, now: datetime
) -> _Open | None:
    try:
        with atomic():
            heard = apply_notice(webhook=webhook, notice=notice, now=now)
    except Refused as refusal:
        heard = Heard(NoticeOutcome.REFUSED, str(refusal))
    except Unknown as stranger:
        heard = Heard(NoticeOutcome.QUARANTINED, str(stranger))
    except errors.StaffMustLook as question:
        heard = Heard(NoticeOutcome.PARKED, str(question), find_order(webhook, notice))
    except errors.TooEarly as early:
        order = find_order(webhook, notice)
        if not waits_no_longer(received_at=webhook.received_at, now=now):
            why = f"{notice.event_type} waits: {early}"
            return _Open(why, is_early=True, transaction_id=order.pk if order else None)
        heard = Heard(NoticeOutcome.PARKED, f"It waited for other news in vain: {early}", order)
    except (DomainError, DatabaseError) as error:
        if alone:
            raise
        log.warning("notice_not_processed", webhook=webhook.pk, number=number, error=repr(error))
        return _Open(f"News {number}: {type(error).__name__}: {error}", is_early=False)
    _write(webhook, number, notice, heard, now)
    return None


@joins_transaction
def _write(
    webhook: WebhookEvent, number: int, notice: Notice, heard: Heard, now: datetime
) -> None:
    row_of(webhook, number, notice, heard, now).save(force_insert=True)
    if heard.outcome == NoticeOutcome.REFUSED:
        _record(webhook, "payments.webhook_refused", heard.text)
    elif heard.outcome == NoticeOutcome.QUARANTINED:
        log.error("webhook_quarantined", webhook=webhook.pk, reason=heard.text)
        _record(webhook, "payments.webhook_quarantined", heard.text)


def row_of(
    webhook: WebhookEvent, number: int, notice: Notice, heard: Heard, now: datetime
) -> WebhookNotice:
    """Return the (unsaved) row of a piece of news."""
    return WebhookNotice(
        webhook_id=webhook.pk,
        number=number,
        gateway=webhook.gateway,
        dedupe_key=notice.dedupe_key,
        event_type=clean_text(notice.event_type[:40]),
        told=notice.told.name,
        transaction_id=heard.transaction.pk if heard.transaction else None,
        reference=notice.reference[:80],
        amount_minor=notice.amount.minor if notice.amount else None,
        currency=notice.amount.currency if notice.amount else "",
        occurred_at=notice.occurred_at,
        outcome=heard.outcome,
        text=clean_text(heard.text),
        repeats_id=heard.repeats.pk if heard.repeats else None,
        at=now,
    )


@joins_transaction
def _end(webhook: WebhookEvent, now: datetime) -> None:
    """Sum up what became of its news."""
    rows = list(webhook.notices.select_related("repeats").order_by("number"))
    outcomes = {row.outcome for row in rows}
    worst, status = next(pair for pair in _BY_WEIGHT if pair[0] in outcomes)
    said = next(row for row in rows if row.outcome == worst)
    webhook.status = status
    webhook.error = said.text if status != WebhookStatus.PROCESSED else ""
    webhook.transaction_id = _one({row.transaction_id for row in rows})
    repeated = [row for row in rows if row.repeats]
    first = repeated[0].repeats if len(repeated) == len(rows) else None
    webhook.duplicate_of_id = first.webhook_id if first else None
    webhook.processed_at = now
    hide_card_data(webhook)
    webhook.save()


def _one(ids: set[int | None]) -> int | None:
    """Return the one payment that all is about; several are named by the news themselves."""
    named = ids - {None}
    return named.pop() if len(named) == 1 else None


@joins_transaction
def _hear_again(webhook: WebhookEvent, still_open: list[_Open], now: datetime) -> bool:
    """Let it wait: what is done is written, the rest is tried again later."""
    failed = [left for left in still_open if not left.is_early]
    webhook.error = (failed or still_open)[0].text[:300]
    webhook.transaction_id = _one({left.transaction_id for left in still_open})
    if failed and webhook.attempts >= MOST_ATTEMPTS:
        webhook.status = WebhookStatus.PARKED
        webhook.processed_at = now
        hide_card_data(webhook)
    elif failed:
        webhook.next_attempt_at = now + process_again_after(webhook.attempts)
    else:
        webhook.attempts = 1  # to wait is no failure
        webhook.next_attempt_at = now + hear_again_after(age=now - webhook.received_at)
    webhook.save()
    return webhook.status == WebhookStatus.PARKED


@joins_transaction
def _refuse(webhook: WebhookEvent, reason: str, now: datetime) -> None:
    """It changes nothing but this record (and the delivery's own state)."""
    webhook.status = WebhookStatus.REFUSED
    webhook.error = reason[:300]
    webhook.processed_at = now
    hide_card_data(webhook)
    webhook.save()
    _record(webhook, "payments.webhook_refused", reason)


@joins_transaction
def _record(webhook: WebhookEvent, action: str, reason: str) -> None:
    audit.record(
        by=None,
        action=action,
        subject=webhook,
        reason=reason,
        facts={
            "gateway": webhook.gateway,
            "credentials": webhook.credentials,
            "event_type": webhook.event_type,
        },
        ip=webhook.remote_ip or "",
    )
