"""Gifts that a fan gave, or may take."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from apps.accounts.models import Profile
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import GiftState
from apps.finance.subscriptions.models import Gift
from apps.finance.subscriptions.rules import gifts as rules

#: So many that wait are shown at once.
MOST_WAITING = 100
_SHOWN = ("giver", "taker", "plan__creator", "price", "transaction", "subscription", "cluster")


def gifts_given(giver: Profile) -> QuerySet[Gift]:
    """Return what a fan gave on this brand, the newest first."""
    return Gift.objects.filter(giver=giver).select_related(*_SHOWN).order_by("-id")


def gifts_received(taker: Profile) -> QuerySet[Gift]:
    """Return what is addressed to a fan, or was taken by code: paid for, not given back."""
    states = [GiftState.PAID, GiftState.TAKEN]
    rows = Gift.objects.filter(taker=taker, state__in=states)
    return rows.select_related(*_SHOWN).order_by("-id")


def gifts_for_page(taker: Profile, *, taken: int) -> list[Gift]:
    """Return what waits to be taken by a fan, all of it, and the newest that was ``taken``.

    What waits for 60 days goes back, so it is never much; a hundred are shown at most.
    """
    rows = gifts_received(taker)
    waiting = rows.filter(state=GiftState.PAID)[:MOST_WAITING]
    return [*waiting, *rows.filter(state=GiftState.TAKEN)[:taken]]


def gift_for(fan: Profile, public_id: UUID) -> Gift:
    """Return one that the fan gave or received.

    :raises GiftNotFound: it is other people's, or none
    """
    mine = Q(giver=fan) | Q(taker=fan, state__in=[GiftState.PAID, GiftState.TAKEN])
    found = Gift.objects.filter(mine, public_id=public_id).select_related(*_SHOWN).first()
    if found is None:
        raise errors.GiftNotFound()
    return found


def gift_of_subject(giver: Profile, subject: str) -> Gift | None:
    """Return the gift that a payment of the giver is for, by what it says; None: for none."""
    number = rules.read(subject)
    found = (
        Gift.objects.filter(giver=giver, pk=number) if number is not None else Gift.objects.none()
    )
    return found.select_related(*_SHOWN).first()


def taker_called(handle: str, *, cluster_id: int) -> Profile | None:
    """Return whom a gift is addressed to; None where no name is given.

    :raises TakerNotFound: nobody on this brand has this handle
    """
    name = handle.strip().removeprefix("@")
    if not name:
        return None
    found = (
        Profile.objects.annotate(lower=Lower("handle"))
        .filter(cluster=cluster_id, lower=name.lower(), user__is_active=True)
        .select_related("user")
        .first()
    )
    if found is None:
        raise errors.TakerNotFound()
    return found
