"""The words of entitlements: how far one reaches, and why somebody may or may not see."""

from __future__ import annotations

from django.db.models import TextChoices


class Scope(TextChoices):
    CREATOR = "CREATOR", "What a creator's plans include"
    ITEM = "ITEM", "One thing"


class Why(TextChoices):
    """The first four let in; the others say what is missing."""

    OWN = "OWN", "It is their own"
    FREE = "FREE", "It is free"
    SUBSCRIBED = "SUBSCRIBED", "A subscription includes it"
    BOUGHT = "BOUGHT", "It was bought"
    NOT_SUBSCRIBED = "NOT_SUBSCRIBED", "No subscription"
    TIER_TOO_LOW = "TIER_TOO_LOW", "A higher tier includes it"
    NOT_BOUGHT = "NOT_BOUGHT", "Not bought"
    ENDED = "ENDED", "It has ended"
    WITHDRAWN = "WITHDRAWN", "It was withdrawn"


class Change(TextChoices):
    """What a row of the history says. A renewal that only moves the end is none."""

    GRANTED = "GRANTED", "Granted"
    RESTORED = "RESTORED", "Granted again"
    CHANGED = "CHANGED", "Tier or end changed"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"
