"""What waits for whom, and today's figures: a few indexed questions to the apps below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from apps.core import selectors as core

#: A badge says "99+" beyond this; nobody needs the hundredth exactly.
CAP = 100
#: Events leave within seconds; the sweep finds a dead worker's within minutes.
EVENT_IS_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Queue:
    """Work that waits: how much (CAP at most) and since when."""

    key: str
    title: str
    hint: str
    label: str
    query: str
    count: int
    oldest: datetime | None
    tone: str = "warning"

    @property
    def text(self) -> str:
        return f"{CAP - 1}+" if self.count >= CAP else str(self.count)


def stuck_events(*, now: datetime) -> Queue:
    """Return the events that no worker has taken."""
    found = core.undelivered_events(before=now - EVENT_IS_LATE, limit=CAP)
    return Queue(
        "stuck_events",
        "Events not delivered",
        "older than five minutes",
        "core.outboxmessage",
        "delivery=waiting",
        len(found),
        found[0] if found else None,
        "danger",
    )


#: Every queue with the permission that shows it.
QUEUES = (("core.view_outboxmessage", stuck_events),)


def queues(*, by: Any, now: datetime) -> list[Queue]:
    """Return the queues this person may see, in the order of urgency."""
    return [queue(now=now) for permission, queue in QUEUES if by.has_perm(permission)]
