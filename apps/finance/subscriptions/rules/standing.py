"""When a subscription must be looked at next, and how long its access lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from apps.finance.subscriptions.choices import RenewsBy, State
from apps.finance.subscriptions.rules.periods import GATEWAY_WAITS

#: What was begun by card and never paid for is over after this.
PAY_WITHIN = timedelta(hours=1)


def will_renew(*, state: str, renews_by: str, months: int, cancel_at_end: bool) -> bool:
    """Test if somebody is going to charge the next period."""
    return (
        state in {State.TRIALING, State.ACTIVE, State.PAST_DUE}
        and renews_by != RenewsBy.NOBODY
        and months > 0
        and not cancel_at_end
    )


def due_at(
    *,
    renews_by: str,
    current_until: datetime | None,
    cancel_at_end: bool,
    claimed_until: datetime | None = None,
) -> datetime | None:
    """Return when one that is in its trial or active must be looked at; None: never.

    Not while a worker charges for it: what that brings comes first.
    """
    if current_until is None:
        return None
    due = current_until
    if renews_by == RenewsBy.GATEWAY and not cancel_at_end:
        due += GATEWAY_WAITS
    return due if claimed_until is None else max(due, claimed_until)


def access_until(
    *, current_until: datetime | None, renews: bool, grace_days: int
) -> datetime | None:
    """Return when access ends if nothing more is paid; None: it does not."""
    if current_until is None or not renews:
        return current_until
    return current_until + timedelta(days=grace_days)
