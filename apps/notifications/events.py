"""What became of mail, for the apps that had it sent. ``subject_ref`` says what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True)
class MessageSent(Event):
    """The mail server took it. Only of kinds that say so (``Kind.tells``)."""

    name: ClassVar[str] = "notifications.sent"
    message_id: int
    kind: str
    key: str
    subject_ref: str
    sent_at: str


@dataclass(frozen=True)
class MessageBounced(Event):
    """It did not arrive: the address was refused, or a person or a mail server says so."""

    name: ClassVar[str] = "notifications.bounced"
    message_id: int
    kind: str
    key: str
    subject_ref: str


@dataclass(frozen=True)
class MessageFailed(Event):
    """It was given up and never left."""

    name: ClassVar[str] = "notifications.failed"
    message_id: int
    kind: str
    key: str
    subject_ref: str
