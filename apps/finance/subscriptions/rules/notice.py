"""When a subscriber pays a new price first, and when mail about it goes out."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.finance.subscriptions.rules.periods import Anchor, bounds
from apps.finance.subscriptions.rules.pricing import NOTICE_MOST

#: The mail it is.
KIND = "subscription.price_change"
#: Nobody is told before: a creator who erred takes the change back within.
TOLD_AFTER = timedelta(days=1)


def pays_from(
    *, anchor: Anchor, last_number: int, current_until: datetime, effective_at: datetime
) -> datetime:
    """Return the beginning of the first period that is charged on or after a moment.

    ``last_number`` is the period that ends at ``current_until``.
    """
    begins, number = current_until, last_number + 1
    while begins < effective_at:
        until = bounds(anchor, number, begins=begins)[1]
        if until is None:
            break
        begins, number = until, number + 1
    return begins


def mailed_at(*, pays_from: datetime, told_at: datetime) -> datetime:
    """Return when a subscriber gets the mail: 30 days before the first charge of the new price,
    or as soon as subscribers are told where less is left."""
    return max(told_at, pays_from - NOTICE_MOST)


def key_of(subscription_id: int, change_id: int) -> str:
    """Return what the key of the mail about a new price begins with; see ``is_of``."""
    return f"subscription:{subscription_id}:price_change:{change_id}"


def is_of(key: str, *, subscription_id: int, change_id: int) -> bool:
    """Test if a mail was about this change: told again, a moment follows in its key."""
    name = key_of(subscription_id, change_id)
    return key == name or key.startswith(f"{name}:")
