"""Mail that comes back after the server took it: read from the box it comes back to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings

from apps.core.db import outside_transaction
from apps.notifications import errors
from apps.notifications.adapters import ReturnBox
from apps.notifications.models import Message
from apps.notifications.rules.names import is_of, number_in
from apps.notifications.rules.returned import ENOUGH, Returned, returned_in
from apps.notifications.services.bounces import record_bounce

log = structlog.get_logger(__name__)


@outside_transaction
def read_returned(*, box: Path, now: datetime, limit: int = 200) -> int:
    """
    Record the mail that came back to a box (a Maildir) as bounced; return how much.

    What is read is kept there as seen, also answers by people and reports of other things: a
    person may look. Safe to stop anywhere and to run twice at once: a report is marked as seen
    after it is recorded, and recording it again changes nothing.
    """
    found, recorded = ReturnBox(box), 0
    for name, raw in found.unread(limit, most=ENOUGH):
        returned = returned_in(raw)
        recorded += returned is not None and _record(returned, now)
        found.mark_seen(name)
    return recorded


def _record(returned: Returned, now: datetime) -> bool:
    """Only for a mail of ours, sent to that very address: a report is easily written by anybody,
    and a reminder that bounced holds up a charge."""
    number = number_in(returned.message_id)
    message = Message.objects.filter(pk=number).first() if number is not None else None
    if message is None or not _is_its_name(returned, message):
        log.info("mail_returned_not_ours", message_id=returned.message_id[:200])
        return False
    if returned.address not in {"", message.address.lower()}:
        log.warning("mail_returned_by_another", message=message.pk)
        return False
    try:
        return record_bounce(message=message.pk, reason=returned.reason, now=now)
    except errors.WrongState:  # it waits to be sent again, or was given up
        log.info("mail_returned_meanwhile", message=message.pk)
        return False


def _is_its_name(returned: Returned, message: Message) -> bool:
    return is_of(returned.message_id, pk=message.pk, key=message.key, secret=settings.SECRET_KEY)
