"""What people want no mail about."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.notifications.models import Suppression
from apps.notifications.rules.kinds import OPTIONAL, optional_kind


@atomic
def unsubscribe(*, user_id: int, kind: str, now: datetime) -> bool:
    """
    Send a person no mail of a kind any more, on any brand; return False if it was so already.

    What is queued already is not sent either.

    :raises KindUnknown: there is no such kind
    :raises NotOptional: it cannot be turned off
    """
    optional_kind(kind)
    _, is_new = Suppression.objects.get_or_create(
        user_id=user_id, kind=kind, defaults={"since": now}
    )
    if is_new:
        _tell("notifications.unsubscribed", user_id, kind)
    return is_new


@atomic
def subscribe(*, user_id: int, kind: str, now: datetime) -> bool:
    """
    Send a person mail of a kind again; return False if it was so already.

    :raises KindUnknown: there is no such kind
    :raises NotOptional: it is always sent
    """
    del now  # the record has the time; what follows is sent from here on
    optional_kind(kind)
    gone, _ = Suppression.objects.filter(user_id=user_id, kind=kind).delete()
    if gone:
        _tell("notifications.subscribed", user_id, kind)
    return bool(gone)


@atomic
def set_wanted(*, user_id: int, kinds: Collection[str], now: datetime) -> None:
    """
    Send a person of the optional kinds these, and no others.

    :raises KindUnknown: there is no such kind
    :raises NotOptional: one cannot be turned off
    """
    for name in sorted(kinds):
        optional_kind(name)
    for kind in OPTIONAL:
        change = subscribe if kind.name in kinds else unsubscribe
        change(user_id=user_id, kind=kind.name, now=now)


def _tell(action: str, user_id: int, kind: str) -> None:
    """The link in a mail needs no sign-in, so nobody is named as the actor."""
    audit.record(by=None, action=action, subject=f"user:{user_id}", facts={"kind": kind})
