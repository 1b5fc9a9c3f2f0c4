"""Creators put things up for sale, change their prices and take them off sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.purchases import errors, rules
from apps.finance.purchases.choices import Audience, ItemKind, ItemStatus
from apps.finance.purchases.models import Item, ItemPrice


@dataclass(frozen=True, slots=True)
class NewItem:
    """What is put up for sale. ``price`` is before tax that comes on top.

    ``least_tier``: the lowest tier of the creator's plans that includes it; None: no plan does.
    ``recipient`` is the one who may buy a message to one person. ``ref`` is the thing's name in
    the app that keeps it ("content:9").
    """

    kind: ItemKind
    title: str
    price: Money
    least_tier: int | None = None
    audience: Audience = Audience.EVERYONE
    recipient: Profile | None = None
    ref: str = ""


@atomic
def create_item(*, creator: Profile, new: NewItem, now: datetime) -> Item:
    """
    Put a thing up for sale on the creator's brand.

    :raises NotACreator: the profile is a fan's
    :raises TitleMissing: the title is empty or too long
    :raises PriceOutOfRange: the price is too low or too high, or in no currency of wallets
    :raises AudienceMalformed: audience, kind and recipient do not fit, or the recipient is the
        creator or on another brand
    :raises RefTaken: the thing is for sale already
    """
    if not creator.is_creator:
        raise errors.NotACreator
    title = rules.clean_title(new.title)
    rules.check_price(new.price)
    rules.check_audience(
        kind=new.kind, audience=new.audience, has_recipient=new.recipient is not None
    )
    _check_recipient(creator, new.recipient)
    try:
        with atomic():
            item = Item.objects.create(
                kind=new.kind,
                creator=creator,
                cluster_id=creator.cluster_id,
                title=title,
                price_minor=new.price.minor,
                currency=new.price.currency,
                least_tier=new.least_tier,
                audience=new.audience,
                recipient=new.recipient,
                ref=new.ref,
            )
    except IntegrityError as error:
        raise errors.RefTaken(ref=new.ref) from error
    _note_price(item, by=creator.user, now=now)
    audit.record(
        by=creator.user,
        action="purchases.item_created",
        subject=item,
        facts={"kind": new.kind.value, "price": str(new.price), "ref": new.ref},
        cluster=creator.cluster,
    )
    return item


def _check_recipient(creator: Profile, recipient: Profile | None) -> None:
    if recipient is None:
        return
    if recipient.cluster_id != creator.cluster_id or recipient.user_id == creator.user_id:
        raise errors.AudienceMalformed


@atomic
def change_price(*, item_id: int, creator: Profile, price: Money, now: datetime) -> Item:
    """
    Sell at another price from now on; who has begun to pay pays what they saw.

    The same price again changes nothing. The old price stays in the history.

    :raises ItemNotFound: there is none by this id, or it is another creator's
    :raises ItemArchived: it is off sale
    :raises CurrencyDiffers: an item keeps its currency
    :raises PriceOutOfRange: the price is too low or too high
    """
    item = _own(item_id, creator)
    if item.status == ItemStatus.ARCHIVED:
        raise errors.ItemArchived
    if price.currency != item.currency:
        raise errors.CurrencyDiffers(currency=price.currency, sold_in=item.currency)
    rules.check_price(price)
    before = item.price
    if price == before:
        return item
    item.price_minor = price.minor
    item.save(update_fields=["price_minor", "updated_at"])
    _note_price(item, by=creator.user, now=now)
    audit.record(
        by=creator.user,
        action="purchases.price_changed",
        subject=item,
        facts={"before": str(before), "after": str(price)},
        cluster=creator.cluster,
    )
    return item


@atomic
def archive_item(*, item_id: int, creator: Profile, now: datetime) -> Item:
    """
    Take a thing off sale; its buyers keep it. Again: no change.

    :raises ItemNotFound: there is none by this id, or it is another creator's
    """
    return _archive(_own(item_id, creator), by=creator.user, reason="", now=now)


@atomic
def take_off_sale(*, item_id: int, by: User, reason: str, now: datetime) -> Item:
    """
    Staff take a thing off sale; its buyers keep it. Again: no change.

    :raises ItemNotFound: there is none by this id, or ``by`` may not archive items
    """
    item = Item.objects.select_for_update().filter(pk=item_id).first()
    if item is None or not by.has_perm("purchases.archive_item"):
        raise errors.ItemNotFound
    return _archive(item, by=by, reason=reason, now=now)


def _archive(item: Item, *, by: User, reason: str, now: datetime) -> Item:
    if item.status == ItemStatus.ARCHIVED:
        return item
    item.status, item.archived_at = ItemStatus.ARCHIVED, now
    item.save(update_fields=["status", "archived_at", "updated_at"])
    audit.record(
        by=by,
        action="purchases.item_archived",
        subject=item,
        reason=reason,
        cluster=item.cluster,
    )
    return item


def _own(item_id: int, creator: Profile) -> Item:
    item = Item.objects.select_for_update().filter(pk=item_id, creator=creator).first()
    if item is None:
        raise errors.ItemNotFound
    return item


def _note_price(item: Item, *, by: User, now: datetime) -> None:
    ItemPrice.objects.create(
        item=item, price_minor=item.price_minor, currency=item.currency, since=now, by=by
    )
