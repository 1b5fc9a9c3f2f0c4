"""What staff do to the machinery itself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core import events
from apps.dash import errors


@transaction.atomic
def requeue_event(*, message_id: int, by: User, reason: str, now: datetime) -> None:
    """Let a parked event be delivered again, from its first attempt; on record.

    :raises NotPermitted: ``by`` lacks core.requeue_outboxmessage
    :raises EventNotParked: there is none, or it is not parked
    """
    if not by.has_perm("core.requeue_outboxmessage"):
        raise errors.NotPermitted()
    if not events.requeue(message_id, now=now):
        raise errors.EventNotParked(message_id=message_id)
    audit.record(
        by=by,
        action="core.event_requeued",
        subject=f"core.outboxmessage:{message_id}",
        reason=reason,
    )
