"""The use cases of outgoing webhooks; the only writers of their tables."""

from apps.webhooks.services.endpoints import (
    change_endpoint,
    open_endpoint,
    pause_endpoint,
    resume_endpoint,
    rotate_secret,
)
from apps.webhooks.services.messages import announce, forget_old, send_again, send_test
from apps.webhooks.services.send import send_due

__all__ = [
    "announce",
    "change_endpoint",
    "forget_old",
    "open_endpoint",
    "pause_endpoint",
    "resume_endpoint",
    "rotate_secret",
    "send_again",
    "send_due",
    "send_test",
]
