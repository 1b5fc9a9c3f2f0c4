"""Lines of a message's history, and what apps are told of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.core import events
from apps.core.db import joins_transaction
from apps.notifications import errors
from apps.notifications.choices import State, What
from apps.notifications.events import MessageBounced, MessageFailed, MessageSent
from apps.notifications.models import Message, Step
from apps.notifications.rules.kinds import KINDS

if TYPE_CHECKING:
    from apps.accounts.models import User


def locked(message_id: int) -> Message:
    """
    :raises MessageNotFound: there is none by this id
    """
    found = Message.objects.select_for_update(of=("self",)).filter(pk=message_id).first()
    if found is None:
        raise errors.MessageNotFound
    return found


@joins_transaction
def note(
    message: Message, what: What, *, now: datetime, text: str = "", by: User | None = None
) -> None:
    Step.objects.create(message=message, at=now, what=what, note=text[:500], by=by)


@joins_transaction
def end(message: Message, state: State, *, now: datetime, answer: str = "") -> None:
    """Give a message its last state, and tell whoever had it sent."""
    message.state, message.ended_at, message.claimed_until = state, now, None
    message.last_answer = answer[:200]
    message.looked_at = None
    message.save()
    note(message, What(state.value), now=now, text=answer)
    about = (message.pk, message.kind, message.key, message.subject_ref)
    kind = KINDS.get(message.kind)
    if state == State.BOUNCED:
        events.publish(MessageBounced(*about))
    elif state == State.FAILED:
        events.publish(MessageFailed(*about))
    elif state == State.SENT and kind is not None and kind.tells:
        events.publish(MessageSent(*about, sent_at=now.isoformat()))
