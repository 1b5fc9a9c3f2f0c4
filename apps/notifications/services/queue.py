"""Take mail in, and take it back."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.notifications import errors
from apps.notifications.choices import State, What
from apps.notifications.models import Message as Row
from apps.notifications.models import Step
from apps.notifications.rules.kinds import KINDS

KEY_LENGTH = 120
Plain = str | int | bool | list["Plain"]

_INSERT = f"""
INSERT INTO notifications_message
    (key, kind, user_id, cluster_id, subject_ref, context, state, queued_at, send_at,
     next_attempt_at, attempts, last_answer, address, subject, text, digest)
SELECT m.key, m.kind, m.user_id, m.cluster_id, m.subject_ref, m.context::jsonb,
       '{State.QUEUED.value}', %s::text::timestamptz, m.send_at::timestamptz,
       m.send_at::timestamptz, 0, '', '', '', '', ''
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
            %s::text[])
     AS m (key, kind, user_id, cluster_id, subject_ref, context, send_at)
ON CONFLICT (key) DO NOTHING
RETURNING id
"""  # noqa: S608 (a constant of ours)


@dataclass(frozen=True, slots=True)
class Message:
    """What to tell whom. The same ``key`` is queued once, for ever.

    ``context`` is plain JSON with what the kind needs (``rules.kinds``): amounts are ready text,
    days ISO 8601.
    """

    kind: str
    to: int
    cluster_id: int
    key: str
    context: dict[str, Plain]
    subject_ref: str = ""
    send_at: datetime | None = None


@joins_transaction
def queue(message: Message, *, now: datetime) -> None:
    """Have one message sent once the caller's transaction holds; as ``queue_many``."""
    queue_many([message], now=now)


@joins_transaction
def queue_many(messages: Sequence[Message], *, now: datetime) -> int:
    """
    Have messages sent once the caller's transaction holds; return how many are new.

    One statement whatever their number. One whose key is known, or comes twice, changes nothing.

    :raises KindUnknown: there is no such kind
    :raises BadKey: a key is empty or longer than 120 characters
    :raises ContextMissing: a context lacks what its kind must say
    """
    if not messages:
        return 0
    # In the order of keys, so that two batches with some in common wait for, not on, each other.
    ordered = sorted(messages, key=attrgetter("key"))
    if not len(ordered[0].key) > 0 or max(map(len, map(attrgetter("key"), ordered))) > KEY_LENGTH:
        raise errors.BadKey
    dumped = _encoder.encode
    contexts = []
    for message in ordered:
        kind = KINDS.get(message.kind)
        if kind is None or not kind.needs <= message.context.keys():
            raise _refusal(message)
        contexts.append(dumped(message.context))
    moment = now.isoformat()
    rows = prepared_rows(
        _INSERT,
        [
            moment,
            Texts([each.key for each in ordered]),
            Texts([each.kind for each in ordered]),
            Bigints([each.to for each in ordered]),
            Bigints([each.cluster_id for each in ordered]),
            Texts([each.subject_ref for each in ordered]),
            Texts(contexts),
            Texts([each.send_at.isoformat() if each.send_at else moment for each in ordered]),
        ],
    )
    return len(rows)


_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _refusal(message: Message) -> Exception:
    kind = KINDS.get(message.kind)
    if kind is None:
        return errors.KindUnknown(kind=message.kind[:60])
    lacking = sorted(kind.needs - message.context.keys())
    return errors.ContextMissing(kind=kind.name, lacking=lacking)


@joins_transaction
def withdraw(*, subject_ref: str, kinds: Collection[str] | None = None, now: datetime) -> int:
    """
    Take back what is queued about something; return how many will never be sent.

    One that a worker holds at this moment is taken back too: it is not sent unless it is already
    on the wire, and then its state says SENT. Doing it again changes nothing.
    """
    if not subject_ref:
        return 0
    queued = Row.objects.filter(subject_ref=subject_ref, state=State.QUEUED)
    if kinds is not None:
        queued = queued.filter(kind__in=kinds)
    ids = list(queued.select_for_update().order_by("id").values_list("id", flat=True))
    Row.objects.filter(pk__in=ids).update(state=State.WITHDRAWN, ended_at=now)
    Step.objects.bulk_create([Step(message_id=pk, at=now, what=What.WITHDRAWN) for pk in ids])
    return len(ids)
