"""The words of purchases: what is sold to whom, and how far a purchase or a goal has come."""

from __future__ import annotations

from django.db.models import TextChoices


class ItemKind(TextChoices):
    """The same words as the kinds of payments."""

    CONTENT = "CONTENT", "Content"
    MESSAGE = "MESSAGE", "Message"


class ItemStatus(TextChoices):
    ACTIVE = "ACTIVE", "For sale"
    ARCHIVED = "ARCHIVED", "Archived"


class Audience(TextChoices):
    EVERYONE = "EVERYONE", "Everyone"
    SUBSCRIBERS = "SUBSCRIBERS", "Subscribers"
    ONE = "ONE", "One person"


class PurchaseState(TextChoices):
    PENDING = "PENDING", "Waits for the payment"
    PAID = "PAID", "Bought"
    REFUNDED = "REFUNDED", "Given back"
    DISPUTED = "DISPUTED", "The bank took the money"
    ABANDONED = "ABANDONED", "Not paid"


#: A buyer has at most one of these for an item.
LIVE = frozenset({PurchaseState.PENDING, PurchaseState.PAID, PurchaseState.DISPUTED})
#: The buyer's money was taken, and not given back by us.
TAKEN = frozenset({PurchaseState.PAID, PurchaseState.DISPUTED})


class GoalState(TextChoices):
    OPEN = "OPEN", "Open"
    REACHED = "REACHED", "Reached"
    CLOSED = "CLOSED", "Closed"
