"""Send what is due: claim, call, record. The network is called outside transactions."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts import selectors as accounts
from apps.audit import services as audit
from apps.core.db import outside_transaction
from apps.core.errors import Unavailable
from apps.core.http import Client, Timeout
from apps.notifications import services as notifications
from apps.webhooks.choices import EndpointState, SendingState
from apps.webhooks.models import Attempt, Endpoint, Sending
from apps.webhooks.rules.signing import headers_of
from apps.webhooks.rules.waiting import FAILING_FOR, LEASE, send_again_after
from apps.webhooks.services.endpoints import secrets_of

log = structlog.get_logger(__name__)

#: A front end that hangs keeps one of these busy, not the others' messages.
AT_ONCE = 8
GONE = 410
OK = range(200, 300)
_TIMEOUT = Timeout(connect=5, read=10, write=5, total=15)


@dataclass(frozen=True, slots=True)
class _Letter:
    """What a thread needs to send: it asks the database nothing."""

    sending_id: int
    endpoint_id: int
    url: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int | None
    text: str
    milliseconds: int

    @property
    def is_taken(self) -> bool:
        return self.status in OK


@outside_transaction
def send_due(*, now: datetime, limit: int = 100) -> int:
    """
    Send the messages whose time has come, longest waiting first; return how many were taken.

    Safe to run many times at once and to stop anywhere: a message is claimed before it is sent,
    and one whose worker died is sent again when the lease ends, with the same id.
    """
    letters = _claim(now, limit)
    if not letters:
        return 0
    with ThreadPoolExecutor(min(AT_ONCE, len(letters))) as pool:
        answers = list(pool.map(_send, letters))
    for letter, answer in zip(letters, answers, strict=True):
        _record(letter, answer, now)
    return sum(answer.is_taken for answer in answers)


@atomic
def _claim(now: datetime, limit: int) -> list[_Letter]:
    """Take what is due; the attempt counts from here, so that dying workers use them up too."""
    due = list(
        Sending.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("endpoint", "message")
        .filter(
            Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
            state=SendingState.WAITING,
            next_attempt_at__lte=now,
            endpoint__state=EndpointState.ACTIVE,
        )
        .order_by("next_attempt_at", "id")[:limit]
    )
    for sending in due:
        sending.attempts += 1
        sending.claimed_until = now + LEASE
    Sending.objects.bulk_update(due, ["attempts", "claimed_until"])
    return [_letter(sending, now) for sending in due]


def _letter(sending: Sending, now: datetime) -> _Letter:
    body = sending.message.body
    return _Letter(
        sending.pk,
        sending.endpoint_id,
        sending.endpoint.url,
        headers_of(
            secrets=secrets_of(sending.endpoint, now),
            message_id=sending.message.public_id,
            timestamp=int(now.timestamp()),
            body=body,
        ),
        body,
    )


def _send(letter: _Letter) -> _Answer:
    client = Client(service=f"webhook:{letter.endpoint_id}", timeout=_TIMEOUT, max_bytes=65_536)
    began = time.monotonic()
    status: int | None = None
    try:
        answer = client.request(
            "POST", letter.url, data=letter.body.encode(), headers=letter.headers
        )
        status, text = answer.status, answer.text.replace("\0", "")[:500]
    except Unavailable as error:
        text = error.code
    return _Answer(status, text, round((time.monotonic() - began) * 1000))


@atomic
def _record(letter: _Letter, answer: _Answer, now: datetime) -> None:
    # The endpoint first, in every record: two that fail at once count one after the other.
    endpoint = Endpoint.objects.select_for_update().get(pk=letter.endpoint_id)
    sending = Sending.objects.select_for_update().get(pk=letter.sending_id)
    Attempt.objects.create(
        sending=sending,
        at=now,
        status=answer.status,
        milliseconds=answer.milliseconds,
        answer=answer.text,
    )
    if sending.state != SendingState.WAITING:
        return  # a claim that outlived its lease: another worker was told meanwhile
    sending.claimed_until = None
    sending.last_answer = (str(answer.status) if answer.status else answer.text)[:120]
    if answer.is_taken:
        _end(sending, SendingState.DELIVERED, now)
        _is_well(endpoint)
    else:
        wait = send_again_after(sending.attempts)
        if wait is None or answer.status == GONE:
            _end(sending, SendingState.FAILED, now)
        else:
            sending.next_attempt_at = now + wait
        _fails(endpoint, answer, now)
    sending.save()


def _end(sending: Sending, state: SendingState, now: datetime) -> None:
    sending.state, sending.ended_at = state, now


def _is_well(endpoint: Endpoint) -> None:
    if endpoint.failing_since is not None:
        endpoint.failing_since = None
        endpoint.save(update_fields=["failing_since"])


def _fails(endpoint: Endpoint, answer: _Answer, now: datetime) -> None:
    endpoint.failing_since = endpoint.failing_since or now
    is_over = answer.status == GONE or endpoint.failing_since <= now - FAILING_FOR
    if is_over and endpoint.state == EndpointState.ACTIVE:
        endpoint.state = EndpointState.DISABLED
        log.error(
            "webhooks.endpoint_disabled",
            endpoint=endpoint.pk,
            status=answer.status,
            failing_since=endpoint.failing_since.isoformat(),
        )
        why = "It says it is gone" if answer.status == GONE else "It failed for too long"
        _tell_staff(endpoint, endpoint.failing_since, why, now)
        audit.record(
            by=None,
            action="webhooks.endpoint_disabled",
            subject=endpoint,
            reason=why,
            facts={"url": endpoint.url, "failing_since": endpoint.failing_since.isoformat()},
            cluster=endpoint.cluster,
        )
    endpoint.save(update_fields=["failing_since", "state"])


def _tell_staff(endpoint: Endpoint, since: datetime, why: str, now: datetime) -> None:
    """Mail whoever may resume it: nobody sees by themselves that a front end hears nothing."""
    notifications.queue_many(
        [
            notifications.Message(
                kind="staff.endpoint_disabled",
                to=user_id,
                cluster_id=endpoint.cluster_id,
                key=f"endpoint:{endpoint.pk}:disabled:{since:%Y%m%d%H%M%S}:{user_id}",
                context={
                    "url": endpoint.url,
                    "why": why,
                    "failing_since": since.date().isoformat(),
                    "number": f"#{endpoint.pk}",
                },
                subject_ref=f"endpoint:{endpoint.pk}",
            )
            for user_id in accounts.staff_who_may("webhooks.manage_endpoint")
        ],
        now=now,
    )
