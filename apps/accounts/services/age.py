"""What is found out of people's age."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts import errors
from apps.accounts.choices import AgeState
from apps.accounts.models import User
from apps.audit import services as audit


@transaction.atomic
def record_age_check(
    *, user: User, state: str, by: User | None, reason: str, now: datetime
) -> User:
    """Record what a check found: ADULT, MINOR, or UNKNOWN where an earlier finding fell.

    It decides from now on; what was bought before stays. ``reason`` names the proof. Repeating
    is another check. ``by`` is None where the platform heard it from a provider of age checks.

    :raises AgeStateUnknown: there is no such finding
    :raises ReasonMissing: nothing is said of the proof
    :raises OwnAge: somebody records it of themselves
    :raises MayNotCheckAge: ``by`` lacks accounts.check_age
    """
    if state not in AgeState.values:
        raise errors.AgeStateUnknown(state=state[:20])
    if not reason.strip():
        raise errors.ReasonMissing
    if by is not None and by.pk == user.pk:
        raise errors.OwnAge
    if by is not None and not by.has_perm("accounts.check_age"):
        raise errors.MayNotCheckAge
    locked = User.objects.select_for_update().get(pk=user.pk)
    before = locked.age_state
    locked.age_state = user.age_state = AgeState(state)
    locked.age_checked_at = user.age_checked_at = now
    locked.save(update_fields=["age_state", "age_checked_at"])
    audit.record(
        by=by,
        action="accounts.age_checked",
        subject=locked,
        reason=reason,
        facts={"before": before, "after": state, "at": now.isoformat()},
    )
    return locked
