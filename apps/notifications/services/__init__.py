"""The use cases of mail; the only writers of its tables."""

from apps.notifications.services.bounces import mark_bounced, record_bounce
from apps.notifications.services.preferences import (
    set_wanted,
    subscribe,
    unsubscribe,
)
from apps.notifications.services.queue import Message, queue, queue_many, withdraw
from apps.notifications.services.retention import empty_old
from apps.notifications.services.returned import read_returned
from apps.notifications.services.send import send_due
from apps.notifications.services.staff import look_at, send_again

__all__ = [
    "Message",
    "empty_old",
    "look_at",
    "mark_bounced",
    "queue",
    "queue_many",
    "read_returned",
    "record_bounce",
    "send_again",
    "send_due",
    "set_wanted",
    "subscribe",
    "unsubscribe",
    "withdraw",
]
