"""Questions about mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet

from apps.notifications.choices import NOT_REACHED, State
from apps.notifications.models import Message, Step, Suppression
from apps.notifications.rules.kinds import OPTIONAL, Kind

#: A longer history is of no use to a person.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Told:
    """What a person was told about something, for timelines and evidence."""

    message_id: int
    kind: str
    key: str
    subject_ref: str
    state: str
    queued_at: datetime
    send_at: datetime
    ended_at: datetime | None
    answer: str
    digest: str


def has_bounced(subject_ref: str, kind: str) -> bool:
    """Test if the newest mail of a kind about something did not arrive: bounced or given up."""
    return subject_ref in not_reached([subject_ref], kind)


def not_reached(subject_refs: Collection[str], kind: str) -> set[str]:
    """Return those of the things whose newest mail of a kind bounced or was given up.

    One query for all of them.
    """
    newest = (
        Message.objects.filter(subject_ref__in=subject_refs, kind=kind)
        .order_by()
        .values("subject_ref")
        .annotate(newest=Max("id"))
        .values("newest")
    )
    missed = Message.objects.filter(pk__in=newest, state__in=NOT_REACHED)
    return set(missed.values_list("subject_ref", flat=True))


def sent_at(key: str) -> datetime | None:
    """Return when the message of this key left, if it did and has not come back."""
    sent = Message.objects.filter(key=key, state=State.SENT)
    return sent.values_list("ended_at", flat=True).first()


def left_about(subject_refs: Collection[str], kind: str) -> dict[str, tuple[str, datetime]]:
    """Return key and moment of the newest mail of a kind about each thing that left and has not
    come back; one query."""
    left = (
        Message.objects.filter(
            subject_ref__in=subject_refs, kind=kind, state=State.SENT, ended_at__isnull=False
        )
        .order_by("subject_ref", "-id")
        .distinct("subject_ref")
        .values_list("subject_ref", "key", "ended_at")
    )
    return {ref: (key, at) for ref, key, at in left if at is not None}


def newest_about(subject_refs: Collection[str], kinds: Collection[str]) -> dict[str, Message]:
    """Return the newest mail of these kinds about each thing, sent or not; one query."""
    newest = (
        Message.objects.filter(subject_ref__in=subject_refs, kind__in=kinds)
        .order_by("subject_ref", "-id")
        .distinct("subject_ref")
        .only("subject_ref", "queued_at", "context")
    )
    return {message.subject_ref: message for message in newest}


def told_about(subject_refs: Collection[str], *, limit: int = 200) -> list[Told]:
    """Return the newest mails about these things, oldest first; one query."""
    rows = Message.objects.filter(subject_ref__in=subject_refs).order_by("-id")[:limit]
    return [
        Told(
            message_id=row.pk,
            kind=row.kind,
            key=row.key,
            subject_ref=row.subject_ref,
            state=row.state,
            queued_at=row.queued_at,
            send_at=row.send_at,
            ended_at=row.ended_at,
            answer=row.last_answer,
            digest=row.digest,
        )
        for row in reversed(rows.defer("context", "text"))
    ]


def states_about(subject_refs: Collection[str], kind: str) -> dict[str, str]:
    """Return the state of the newest mail of a kind about each thing that has one; one query."""
    newest = (
        Message.objects.filter(subject_ref__in=subject_refs, kind=kind)
        .order_by("subject_ref", "-id")
        .distinct("subject_ref")
    )
    return dict(newest.values_list("subject_ref", "state"))


def history_of(message: Message) -> list[Step]:
    """Return the newest steps, oldest first."""
    newest = message.history.select_related("by").order_by("-id")[:SHOWN]
    return list(reversed(newest))


def waiting_since(limit: int) -> list[datetime]:
    """Return since when mail that did not arrive waits for a look, oldest first."""
    missed = Message.objects.filter(state__in=NOT_REACHED, looked_at__isnull=True).order_by("id")
    return [at for at in missed.values_list("ended_at", flat=True)[:limit] if at]


def unwanted_by(user_id: int) -> set[str]:
    """Return the kinds a person has turned off."""
    return set(Suppression.objects.filter(user_id=user_id).values_list("kind", flat=True))


def wanted_by(user_id: int) -> Sequence[tuple[Kind, bool]]:
    """Return each optional kind, and whether the person gets it."""
    unwanted = unwanted_by(user_id)
    return [(kind, kind.name not in unwanted) for kind in OPTIONAL]


def mail_to(user_id: int) -> QuerySet[Message]:
    """Return a person's mail, newest first."""
    return Message.objects.filter(user_id=user_id).select_related("cluster").order_by("-id")
