"""What is for sale, to whom, and how often it was bought."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from apps.accounts.models import Profile
from apps.finance.entitlements import selectors as entitlements
from apps.finance.purchases import errors, rules
from apps.finance.purchases.choices import Audience, ItemStatus
from apps.finance.purchases.models import Item

#: Sales are counted so far and no further: a list of items must not scan every sale.
MOST_COUNTED = 1_000
_COUNT = """
SELECT asked.id, sold.number
FROM unnest(%s::bigint[]) AS asked(id)
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM (
        SELECT 1 FROM purchases_purchase p
        WHERE p.item_id = asked.id AND p.state = 'PAID' LIMIT %s
    ) capped
) sold
"""


def items_of(creator: Profile) -> QuerySet[Item]:
    """Return what a creator sells and has sold, the newest first."""
    return Item.objects.filter(creator=creator).select_related("recipient").order_by("-id")


def item_by_public_id(profile: Profile, public_id: uuid.UUID) -> Item:
    """
    Return an item of the profile's brand that this profile may know of.

    :raises ItemNotFound: there is none
    :raises MessageNotForYou: it is a message to somebody else
    """
    item = _items_on(profile).filter(public_id=public_id).first()
    return _known(item, profile)


def item_for(profile: Profile, item_id: int) -> Item:
    """
    Return an item of the profile's brand that this profile may know of.

    :raises ItemNotFound: there is none
    :raises MessageNotForYou: it is a message to somebody else
    """
    return _known(_items_on(profile).filter(pk=item_id).first(), profile)


def item_of_subject(profile: Profile, subject: str) -> Item | None:
    """Return the item that a payment of the profile was for; None: it was for none."""
    about = rules.read_subject(subject)
    if about is None or about[0] != "item":
        return None
    return _items_on(profile).filter(pk=about[1]).first()


def _items_on(profile: Profile) -> QuerySet[Item]:
    return Item.objects.filter(cluster=profile.cluster_id).select_related(
        "creator", "creator__user", "cluster", "recipient"
    )


def _known(item: Item | None, profile: Profile) -> Item:
    if item is None:
        raise errors.ItemNotFound
    is_for_another = item.audience == Audience.ONE and item.recipient_id != profile.pk
    if is_for_another and item.creator_id != profile.pk:
        raise errors.MessageNotForYou
    return item


def check_for_sale(item: Item, buyer: Profile, *, now: datetime) -> None:
    """
    Answer only if this buyer may buy the item now, whatever it costs.

    :raises OwnItem: the buyer is the person who sells it
    :raises ItemArchived: it is off sale, or its creator does not sell any more
    :raises MessageNotForYou: it is a message to somebody else
    :raises SubscribersOnly: it is a message to subscribers, and the buyer is none
    """
    if item.creator.user_id == buyer.user_id:
        raise errors.OwnItem
    sells = item.creator.is_creator and item.creator.user.is_active
    if item.status == ItemStatus.ARCHIVED or not sells:
        raise errors.ItemArchived
    if item.audience == Audience.ONE and item.recipient_id != buyer.pk:
        raise errors.MessageNotForYou
    if item.audience == Audience.SUBSCRIBERS:
        any_plan = entitlements.Thing("", item.creator_id, least_tier=0)
        [access] = entitlements.access_to(buyer.pk, [any_plan], now=now)
        if not access.allowed:
            raise errors.SubscribersOnly


def thing_of(item: Item, profile: Profile) -> entitlements.Thing:
    """Return an item as the thing that rights are about."""
    return entitlements.Thing(
        item.thing,
        item.creator_id,
        least_tier=item.least_tier,
        is_own=item.creator_id == profile.pk,
    )


def offers_for(refs: Collection[str], *, buyer: Profile, now: datetime) -> dict[str, Item]:
    """
    Return what somebody can buy among things, by their names; a query, and one more where there
    are messages to subscribers among them.

    A message is for sale to whom it was sent, and to nobody else.
    """
    own = [ref.removeprefix("item:") for ref in refs if ref.startswith("item:")]
    found = Item.objects.filter(
        ~Q(audience=Audience.ONE) | Q(recipient=buyer),
        cluster=buyer.cluster_id,
        status=ItemStatus.ACTIVE,
        creator__is_creator=True,
        creator__user__is_active=True,
    )
    rows = found.filter(ref__in=[r for r in refs if r]).union(
        found.filter(ref="", pk__in=[int(pk) for pk in own if pk.isascii() and pk.isdigit()])
    )
    return {item.thing: item for item in _to_subscribers_only(list(rows), buyer, now)}


def _to_subscribers_only(items: list[Item], buyer: Profile, now: datetime) -> list[Item]:
    """Leave out messages to subscribers of whom the buyer is none."""
    creators = {item.creator_id for item in items if item.audience == Audience.SUBSCRIBERS}
    if not creators:
        return items
    plans = [entitlements.Thing("", creator, least_tier=0) for creator in creators]
    answers = entitlements.access_to(buyer.pk, plans, now=now)
    allowed = {answer.thing.creator_id for answer in answers if answer.allowed}
    return [
        item
        for item in items
        if item.audience != Audience.SUBSCRIBERS or item.creator_id in allowed
    ]


def sales_of(items: Sequence[Item]) -> dict[int, int]:
    """Return how often each was bought and kept, by id, in one query; 1,000 stands for more."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [[item.pk for item in items], MOST_COUNTED])
        return dict(cursor.fetchall())
