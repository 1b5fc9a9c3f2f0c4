"""Questions about outgoing webhooks."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from apps.webhooks.choices import SendingState
from apps.webhooks.models import Attempt, Endpoint, Sending

#: A log longer than this is of no use to a person.
SHOWN = 50


def log_of(sending: Sending) -> list[Attempt]:
    """Return the newest attempts, oldest first."""
    return list(reversed(sending.log.order_by("-id")[:SHOWN]))


def newest_of(endpoint: Endpoint) -> QuerySet[Sending]:
    """Return an endpoint's newest messages."""
    return endpoint.sendings.select_related("message").order_by("-id")[:SHOWN]


def given_up_since(limit: int) -> list[datetime]:
    """Return since when messages that were given up wait, the oldest first, at most ``limit``."""
    failed = Sending.objects.filter(state=SendingState.FAILED).order_by("id")
    return list(failed.values_list("message__created_at", flat=True)[:limit])
