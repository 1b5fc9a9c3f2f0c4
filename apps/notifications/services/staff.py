"""What staff do with mail that did not reach somebody."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.notifications import errors
from apps.notifications.choices import NOT_REACHED, State, What
from apps.notifications.models import Message
from apps.notifications.services.bounces import check_may_manage
from apps.notifications.services.history import locked, note

if TYPE_CHECKING:
    from apps.accounts.models import User

#: A withdrawn one is not: what it would say is no longer so.
SENT_AGAIN_FROM = (State.SENT, *NOT_REACHED)


@atomic
def send_again(*, message_id: int, by: User, reason: str, now: datetime) -> Message:
    """
    Send a message once more, to the address the person has now, with the same Message-ID.

    :raises ManagingNotAllowed: ``by`` lacks notifications.resend_message
    :raises ReasonMissing: no reason is given
    :raises MessageNotFound: there is none by this id
    :raises WrongState: it is queued, withdrawn or not wanted, or its text is gone
    """
    check_may_manage(by, reason)
    message = locked(message_id)
    if message.state not in SENT_AGAIN_FROM or not message.context:
        raise errors.WrongState(state=message.state)
    message.state, message.attempts, message.ended_at = State.QUEUED, 0, None
    message.send_at = message.next_attempt_at = now
    message.claimed_until = message.looked_at = None
    message.save()
    note(message, What.AGAIN, now=now, text=reason, by=by)
    audit.record(
        by=by,
        action="notifications.sent_again",
        subject=message,
        reason=reason,
        facts={"kind": message.kind},
        cluster=message.cluster,
    )
    return message


@atomic
def look_at(*, message_id: int, by: User, reason: str, now: datetime) -> None:
    """
    Take a message that did not arrive out of the queue: somebody has looked at it.

    :raises ManagingNotAllowed: ``by`` lacks notifications.resend_message
    :raises ReasonMissing: no reason is given
    :raises MessageNotFound: there is none by this id
    :raises WrongState: it arrived, or was looked at already
    """
    check_may_manage(by, reason)
    message = locked(message_id)
    if message.state not in NOT_REACHED or message.looked_at is not None:
        raise errors.WrongState(state=message.state)
    message.looked_at = now
    message.save(update_fields=["looked_at"])
    note(message, What.LOOKED_AT, now=now, text=reason, by=by)
    audit.record(
        by=by,
        action="notifications.looked_at",
        subject=message,
        reason=reason,
        facts={"kind": message.kind},
        cluster=message.cluster,
    )
