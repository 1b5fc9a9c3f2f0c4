"""Mail that came back after it was sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.notifications import errors
from apps.notifications.choices import State
from apps.notifications.models import Message
from apps.notifications.services.history import end, locked

if TYPE_CHECKING:
    from apps.accounts.models import User


@atomic
def record_bounce(
    *, now: datetime, reason: str, key: str = "", message: int | None = None
) -> bool:
    """
    Record that a message sent did not arrive; return False if that is known already.

    It is named by its key or by its id. Publishes ``notifications.bounced``.

    :raises MessageNotFound: there is none by this name
    :raises WrongState: it was never sent
    """
    if message is None:
        message = Message.objects.filter(key=key).values_list("pk", flat=True).first() or 0
    row = locked(message)
    if row.state == State.BOUNCED:
        return False
    if row.state != State.SENT:
        raise errors.WrongState(state=row.state)
    end(row, State.BOUNCED, now=now, answer=reason)
    return True


@atomic
def mark_bounced(*, message_id: int, by: User, reason: str, now: datetime) -> None:
    """
    Have a person say that a message came back, as ``record_bounce`` does.

    :raises ManagingNotAllowed: ``by`` lacks notifications.resend_message
    :raises ReasonMissing: no reason is given
    :raises MessageNotFound: there is none by this id
    :raises WrongState: it was never sent
    """
    check_may_manage(by, reason)
    if record_bounce(message=message_id, reason=reason, now=now):
        audit.record(
            by=by,
            action="notifications.bounced",
            subject=f"message:{message_id}",
            reason=reason,
        )


def check_may_manage(by: User, reason: str) -> None:
    """
    :raises ManagingNotAllowed: ``by`` lacks notifications.resend_message
    :raises ReasonMissing: no reason is given
    """
    if not by.has_perm("notifications.resend_message"):
        raise errors.ManagingNotAllowed
    if not reason.strip():
        raise errors.ReasonMissing
