"""The words of mail: how far a message has come."""

from __future__ import annotations

from django.db.models import TextChoices


class State(TextChoices):
    """Of one message. Only QUEUED goes anywhere by itself."""

    QUEUED = "QUEUED", "Queued"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Given up"
    BOUNCED = "BOUNCED", "Bounced"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    SUPPRESSED = "SUPPRESSED", "Not wanted"


#: Did not reach the person: somebody looks.
NOT_REACHED = (State.FAILED, State.BOUNCED)


class What(TextChoices):
    """What happened to a message: the lines of its history."""

    TRIED = "TRIED", "Tried"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Given up"
    BOUNCED = "BOUNCED", "Bounced"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
    SUPPRESSED = "SUPPRESSED", "Not sent: unsubscribed"
    AGAIN = "AGAIN", "To be sent again"
    LOOKED_AT = "LOOKED_AT", "Looked at"
