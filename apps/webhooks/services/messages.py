"""What is told: made once for each event, sent to whoever asked for its kind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.webhooks import errors
from apps.webhooks.choices import EndpointState, Kind, SendingState
from apps.webhooks.models import Endpoint, Message, Sending
from apps.webhooks.rules.waiting import KEPT

if TYPE_CHECKING:
    from apps.accounts.models import User

#: Messages deleted by one statement.
SLICE = 1_000


@joins_transaction
def announce(
    *, kind: Kind, cluster: str, source: str, data: Mapping[str, object], now: datetime
) -> int:
    """
    Queue a message for each endpoint of the brand that wants its kind; return how many.

    ``source`` names what it tells of: announcing that again changes nothing. Paused endpoints
    get it when they are resumed, disabled ones never.
    """
    endpoints = list(
        Endpoint.objects.filter(cluster__slug=cluster, kinds__contains=[kind.value])
        .exclude(state=EndpointState.DISABLED)
        .order_by("id")
    )
    if not endpoints:
        return 0
    return _queue(endpoints, kind, source, data, now)


@atomic
def send_test(*, endpoint_id: int, by: User, reason: str, now: datetime) -> None:
    """
    Send a message of kind ``endpoint.test``, so that a front end can try its receiver.

    :raises ManagingNotAllowed: ``by`` lacks webhooks.manage_endpoint
    :raises EndpointNotFound: there is none by this id
    :raises WrongState: it is not active
    """
    if not by.has_perm("webhooks.manage_endpoint"):
        raise errors.ManagingNotAllowed
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None:
        raise errors.EndpointNotFound
    if endpoint.state != EndpointState.ACTIVE:
        raise errors.WrongState(state=endpoint.state)
    source = f"test:{endpoint.pk}:{now.timestamp():.6f}"
    _queue([endpoint], Kind.TEST, source, {"endpoint": endpoint.url}, now)
    audit.record(
        by=by, action="webhooks.test_sent", subject=endpoint, reason=reason, facts={},
        cluster=endpoint.cluster,
    )  # fmt: skip


@atomic
def send_again(*, sending_id: int, by: User, reason: str, now: datetime) -> Sending:
    """
    Send a message once more, with the same id: a receiver that keeps ids ignores the repeat.

    :raises ManagingNotAllowed: ``by`` lacks webhooks.resend_message
    :raises ReasonMissing: no reason is given
    :raises SendingNotFound: there is none by this id
    :raises WrongState: it waits to be sent already, or its endpoint takes nothing
    """
    if not by.has_perm("webhooks.resend_message"):
        raise errors.ManagingNotAllowed
    if not reason.strip():
        raise errors.ReasonMissing
    sending = (
        Sending.objects.select_for_update(of=("self",))
        .select_related("endpoint__cluster", "message")
        .filter(pk=sending_id)
        .first()
    )
    if sending is None:
        raise errors.SendingNotFound
    if sending.state == SendingState.WAITING or sending.endpoint.state != EndpointState.ACTIVE:
        raise errors.WrongState(state=sending.state, endpoint=sending.endpoint.state)
    sending.state, sending.attempts = SendingState.WAITING, 0
    sending.next_attempt_at, sending.ended_at, sending.claimed_until = now, None, None
    sending.save()
    audit.record(
        by=by, action="webhooks.sent_again", subject=sending, reason=reason,
        facts={"message": sending.message.public_id}, cluster=sending.endpoint.cluster,
    )  # fmt: skip
    return sending


def forget_old(*, now: datetime) -> int:
    """Delete messages of more than 60 days ago with their log, in slices; return how many."""
    total = 0
    while True:
        old = Message.objects.filter(created_at__lt=now - KEPT).order_by("created_at", "id")
        ids = list(old.values_list("pk", flat=True)[:SLICE])
        Message.objects.filter(pk__in=ids).delete()
        total += len(ids)
        if len(ids) < SLICE:
            return total


def _queue(
    endpoints: list[Endpoint],
    kind: Kind,
    source: str,
    data: Mapping[str, object],
    now: datetime,
) -> int:
    message, is_new = Message.objects.get_or_create(
        source=source,
        defaults={
            "cluster_id": endpoints[0].cluster_id,
            "kind": kind,
            "body": _body(kind, data, now),
            "created_at": now,
        },
    )
    if not is_new:
        return 0
    Sending.objects.bulk_create(
        [Sending(message=message, endpoint=each, next_attempt_at=now) for each in endpoints]
    )
    return len(endpoints)


def _body(kind: Kind, data: Mapping[str, object], now: datetime) -> str:
    """Standard Webhooks' thin envelope: type, timestamp, data."""
    stamp = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps(
        {"type": kind.value, "timestamp": stamp, "data": data}, separators=(",", ":")
    )
