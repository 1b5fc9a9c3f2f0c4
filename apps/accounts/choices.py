"""The words of accounts."""

from __future__ import annotations

from django.db.models import TextChoices


class AgeState(TextChoices):
    """What is known of a person's age. Whoever is not known to be an adult buys nothing new."""

    UNKNOWN = "UNKNOWN", "Not checked"
    ADULT = "ADULT", "Adult"
    MINOR = "MINOR", "Under age"
