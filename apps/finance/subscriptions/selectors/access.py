"""Who may see what and until when, and if not, what to buy: the answer that the API gives.

Things have names: ``creator:ada`` is all that Ada's plans open, ``creator:ada:2`` what they open
from tier 2 on, and anything else is an item by the name its seller's app gave it (``item:9``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.entitlements.selectors import Access, Thing
from apps.finance.purchases import selectors as purchases
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, WayIn
from apps.finance.subscriptions.models import Plan, Price, Subscription
from apps.finance.subscriptions.selectors.changes import change_quote
from apps.finance.subscriptions.selectors.chooser import PriceOffered, plans_offered
from apps.finance.subscriptions.selectors.dues import price_now
from apps.finance.subscriptions.selectors.lists import live_with
from apps.finance.subscriptions.selectors.quotes import check_not_subscribed

if TYPE_CHECKING:
    from apps.finance.purchases.models import Item

MOST_THINGS = 100
#: Longer names than any app gives are no names.
LONGEST_NAME = 80
#: What one refusal offers at most: more is a page to read, not an answer.
MOST_OFFERS = 20
#: Digits of an id: a BIGINT has 19.
LONGEST_ID = 19
_CREATOR = "creator:"


@dataclass(frozen=True, slots=True)
class Answer:
    """``access`` None: there is no such thing for this person."""

    name: str
    access: Access | None


@dataclass(frozen=True, slots=True)
class ToBuy:
    """One way in. ``due`` is taken today, before tax that comes on top; ``price`` every period.

    PAY and RESUME are about the person's own ``subscription``, CHANGE too; BUY is the item, once.
    """

    way: WayIn
    due: Money
    price: Money
    plan: Plan | None = None
    plan_price: Price | None = None
    item: Item | None = None
    trial_days: int = 0
    subscription: Subscription | None = None


@dataclass(frozen=True, slots=True)
class WaysIn:
    """``offers`` can all be bought now; ``note`` says why no plan is among them, if none is."""

    offers: list[ToBuy]
    note: str = ""


def access_of(profile: Profile, names: Sequence[str], *, now: datetime) -> list[Answer]:
    """Return for each name, in their order, whether the person may see it and why (not).

    Six queries at most for up to a hundred things; the rights themselves are one of them.

    :raises TooManyThings: there are more
    """
    if len(names) > MOST_THINGS:
        raise errors.TooManyThings(most=MOST_THINGS)
    things = _things(profile, names, now)
    known = [things[name] for name in names if name in things]
    answers = iter(entitlements.access_to(profile.pk, known, now=now))
    return [Answer(name, next(answers) if name in things else None) for name in names]


def ways_in(profile: Profile, access: Access, *, now: datetime) -> WaysIn:
    """
    Return what lets a person in who is refused now: plans from the lowest tier on that opens the
    thing, then the thing itself.

    Who has a subscription with the creator is offered what may be done with that one: nobody can
    subscribe twice.
    """
    thing = access.thing
    offers: list[ToBuy] = []
    note = ""
    creator = accounts.creators_of(profile.cluster).filter(pk=thing.creator_id).first()
    if creator is not None and thing.least_tier is not None:
        offers, note = _by_plan(profile, creator, thing.least_tier, now=now)
    bought = purchases.offers_for([thing.ref], buyer=profile, now=now).get(thing.ref)
    if bought is not None:
        offers.append(ToBuy(WayIn.BUY, due=bought.price, price=bought.price, item=bought))
    return WaysIn(offers, note)


def _by_plan(
    profile: Profile, creator: Profile, tier: int, *, now: datetime
) -> tuple[list[ToBuy], str]:
    live = live_with(profile, creator)
    try:
        check_not_subscribed(profile, creator.pk)
    except errors.AlreadySubscribed:
        if live is None or live.state == State.INCOMPLETE:
            return [], "A payment for a subscription is under way."
        if live.tier >= tier:
            return _go_on(live, now=now), ""
        offers = [
            step
            for price in _prices(profile, creator, tier, now=now)
            for step in _step_up(live, price, now)
        ]
        return offers, "" if offers else _why_none(live)
    return [_plan_offer(price) for price in _prices(profile, creator, tier, now=now)], ""


def _prices(profile: Profile, creator: Profile, tier: int, *, now: datetime) -> list[PriceOffered]:
    plans = plans_offered(creator=creator, fan=profile, now=now, least_tier=tier)
    return [price for offered in plans for price in offered.prices][: MOST_OFFERS - 1]


def _plan_offer(it: PriceOffered) -> ToBuy:
    return ToBuy(
        WayIn.SUBSCRIBE,
        due=it.due,
        price=it.price.amount,
        plan=it.price.plan,
        plan_price=it.price,
        trial_days=it.trial_days,
    )


def _go_on(live: Subscription, *, now: datetime) -> list[ToBuy]:
    """Past due it opens everything again once it is paid, paused once it goes on."""
    due = price_now(live, now=now)
    if live.state == State.PAUSED:
        return [_own(WayIn.RESUME, live, due or Money.zero(live.currency))]
    if live.state == State.PAST_DUE and due is not None:
        return [_own(WayIn.PAY, live, due)]
    return []


def _own(way: WayIn, live: Subscription, due: Money) -> ToBuy:
    return ToBuy(
        way,
        due=due,
        price=live.amount,
        plan=live.plan,
        plan_price=live.price,
        subscription=live,
    )


def _step_up(live: Subscription, it: PriceOffered, now: datetime) -> list[ToBuy]:
    """A step up is charged less what is paid already; what opens only later is no way in now."""
    try:
        quote = change_quote(subscription=live, price=it.price, now=now)
    except DomainError:
        return []
    step = ToBuy(
        WayIn.CHANGE,
        due=quote.charge,
        price=it.price.amount,
        plan=it.price.plan,
        plan_price=it.price,
        subscription=live,
    )
    return [step] if quote.at_once else []


def _why_none(live: Subscription) -> str:
    if live.state == State.PAST_DUE:
        return "What is past due must be paid before the plan can be changed."
    if live.state == State.PAUSED:
        return "The pause must end before the plan can be changed."
    if live.renews_by == RenewsBy.NOBODY and live.current_until is not None:
        return f"What was given lasts until {live.current_until:%Y-%m-%d}: a plan can be had then."
    if live.renews_by == RenewsBy.GATEWAY:
        return "It must be paid another way before the plan can be changed."
    return "No plan that opens it can be had now."


def _things(profile: Profile, names: Sequence[str], now: datetime) -> dict[str, Thing]:
    asked = {name for name in names if 0 < len(name) <= LONGEST_NAME and "\0" not in name}
    of_creators = {name for name in asked if name.startswith(_CREATOR)}
    things = _creators(profile, of_creators) if of_creators else {}
    others = asked - of_creators
    return things | (_items(profile, others, now) if others else {})


def _creators(profile: Profile, names: set[str]) -> dict[str, Thing]:
    parts = {name: name.removeprefix(_CREATOR).lower().split(":") for name in names}
    found = accounts.creators_of(profile.cluster).filter(
        handle__in={handle for handle, *_ in parts.values()}
    )
    by_handle = {row.handle.lower(): row for row in found}
    things = {}
    for name, (handle, *rest) in parts.items():
        tier = _tier(rest)
        if (creator := by_handle.get(handle)) is not None and tier is not None:
            things[name] = Thing(
                name, creator.pk, least_tier=tier, is_own=creator.user_id == profile.user_id
            )
    return things


def _tier(rest: list[str]) -> int | None:
    """Return the tier that a name ends with, 0 for any; None: it is no name."""
    if not rest:
        return 0
    [text, *more] = rest
    is_number = text.isascii() and text.isdigit() and len(text) <= 3  # noqa: PLR2004 - digits
    return int(text) if is_number and not more else None


def _items(profile: Profile, names: set[str], now: datetime) -> dict[str, Thing]:
    """Items for sale to the person, one's own, and those bought, which may be off sale by now."""
    items = purchases.offers_for(names, buyer=profile, now=now)
    if missing := names - items.keys():
        ids = [int(pk) for name in missing if _is_id(pk := name.removeprefix("item:"))]
        bought = purchases.purchases_of(profile).filter(
            Q(item__ref__in=missing) | Q(item__in=ids), paid_at__isnull=False
        )
        own = purchases.items_of(profile).filter(Q(ref__in=missing) | Q(pk__in=ids))
        rows = [row.item for row in bought[:MOST_THINGS]] + list(own[:MOST_THINGS])
        items = {row.thing: row for row in rows if row.thing in missing} | items
    return {
        name: Thing(
            name,
            item.creator_id,
            least_tier=item.least_tier,
            is_own=item.creator_id == profile.pk,
        )
        for name, item in items.items()
    }


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < LONGEST_ID
