"""What a subscription would cost and promise, before anybody agrees to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Q, QuerySet

from apps.accounts import selectors as accounts
from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments import selectors as payments
from apps.finance.payments.choices import PAID, Kind, Method, Occasion, Status
from apps.finance.payments.selectors.fees import Terms
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, PlanStatus, PromotionStatus, State
from apps.finance.subscriptions.models import Plan, Price, Promotion, Subscription, TrialUse
from apps.finance.subscriptions.rules import periods, pricing, terms
from apps.finance.subscriptions.rules.cycle import charged
from apps.finance.subscriptions.selectors import promotions
from apps.finance.tax.selectors import Buyer

if TYPE_CHECKING:
    from apps.finance.payments.models import PaymentMethod


@dataclass(frozen=True, slots=True)
class Offer:
    """``due`` is the price charged today, ``tax`` the tax in or on it, ``total`` what is taken.

    ``per_period`` is the full price of a period; ``next_amount`` (before tax on top) is charged at
    ``next_at``, None where nothing follows. ``left_after`` is for how many periods after today's
    the promotion is still good; None: for all, or there is none.
    """

    price: Price
    plan: Plan
    method: Method
    due: Money
    tax: Money
    total: Money
    per_period: Money
    trial_days: int
    trial_ends_at: datetime | None
    next_amount: Money | None
    next_at: datetime | None
    until: datetime | None
    beginning: periods.Beginning
    promotion: Promotion | None
    left_after: int | None
    occasion: Occasion
    descriptor: str
    cancel_how: str
    terms: str
    terms_hash: str


@dataclass(frozen=True, slots=True)
class _Charges:
    """``cheaper`` is the reduced price of a whole period, which holds for ``cheaper_for`` charges
    after the next one; None: for all."""

    due: Money
    following: Money | None
    left: int | None
    cheaper: Money | None = None
    cheaper_for: int | None = 0


def plan_for(fan: Profile, public_id: UUID) -> Plan:
    """
    Return a plan of the fan's brand.

    :raises PlanNotFound: there is none by this id on it
    """
    plan = (
        Plan.objects.select_related("creator__user", "cluster")
        .filter(public_id=public_id, cluster_id=fan.cluster_id)
        .first()
    )
    if plan is None:
        raise errors.PlanNotFound()
    return plan


def price_for(fan: Profile, public_id: UUID) -> Price:
    """
    Return a price of a plan of the fan's brand.

    :raises PriceNotFound: there is none by this id on it
    """
    price = (
        Price.objects.select_related("plan__creator__user", "plan__cluster")
        .filter(public_id=public_id, plan__cluster_id=fan.cluster_id)
        .first()
    )
    if price is None:
        raise errors.PriceNotFound()
    return price


def offer(
    *,
    fan: Profile,
    price: Price,
    method: Method,
    now: datetime,
    code: str = "",
    buyer: Buyer | None = None,
    timezone: str = "UTC",
    means: PaymentMethod | None = None,
) -> Offer:
    """
    Return all that a fan is shown before subscribing, and the very words to agree to.

    Without a ``code`` the best promotion that is open to the fan is taken. ``means`` is the stored
    card that would pay: it tells whether that card had a trial here.

    :raises TimezoneUnknown: there is no such time zone
    :raises PlanNotFound: the plan is another brand's
    :raises OwnPlan: it is the fan's own
    :raises PlanArchived, PriceReplaced: it is not offered any more
    :raises AgeNotVerified, Underage: see ``accounts.check_may_buy``
    :raises AlreadySubscribed: the fan pays for, or was given, a plan of the creator now
    :raises CodeUnknown, CodeExpired, CodeUsedUp, CodeUsedBefore, CodeNotForYou: see the code
    :raises NoMerchantAccount, CurrencyNotOffered: the brand is not paid this way in this currency
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    check_zone(timezone)
    plan = price.plan
    check_buyable(fan, plan, price)
    check_not_subscribed(fan, plan.creator_id)
    promotion = _promotion(fan, price, code, now)
    trial_days = _trial_days(fan, price, means)
    begins = periods.beginning(
        at=now,
        months=price.months,
        alignment=plan.alignment,
        trial_days=trial_days,
        zone=timezone,
    )
    charges = _charges(price, promotion, begins, now)
    quoted = _Quoted(fan, method, buyer, now)
    total, tax = quoted.on(charges.due)
    next_total, next_tax = quoted.on(charges.following) if charges.following else (None, None)
    descriptor = _descriptor(plan, price, method, means)
    words = terms.text_of(
        terms.Facts(
            brand=plan.cluster.name,
            creator=plan.creator.display_name,
            plan=plan.name,
            months=price.months,
            price=quoted.on(price.amount)[0],
            due=total,
            tax=tax,
            descriptor=descriptor,
            trial_days=trial_days,
            trial_ends=_day(begins.until, timezone) if begins.is_trial else None,
            next_amount=charges.following if next_total is None else next_total,
            next_on=_day(begins.until, timezone),
            next_tax=next_tax,
            promotion=promotion.name if promotion else "",
            cheaper=quoted.on(charges.cheaper)[0] if charges.cheaper else charges.cheaper,
            cheaper_for=charges.cheaper_for,
            in_proportion=not begins.is_trial and periods.is_in_proportion(begins.anchor, 1),
        )
    )
    return Offer(
        price=price,
        plan=plan,
        method=method,
        due=charges.due,
        tax=tax,
        total=total,
        per_period=price.amount,
        trial_days=trial_days,
        trial_ends_at=begins.until if begins.is_trial else None,
        next_amount=charges.following,
        next_at=begins.until if charges.following is not None else None,
        until=begins.until,
        beginning=begins,
        promotion=promotion,
        left_after=charges.left,
        occasion=Occasion.TRIAL if begins.is_trial else Occasion.FIRST,
        descriptor=descriptor,
        cancel_how=terms.CANCEL_HOW,
        terms=words,
        terms_hash=terms.hash_of(words),
    )


def check_zone(timezone: str) -> None:
    """
    :raises TimezoneUnknown: there is no such time zone
    """
    if timezone not in _ZONES:
        raise errors.TimezoneUnknown(timezone=timezone[:40])


def check_buyable(fan: Profile, plan: Plan, price: Price | None) -> None:
    """
    Answer only if a fan may take a plan, apart from what the fan has already.

    :raises PlanNotFound: it is another brand's
    :raises OwnPlan: it is the fan's own
    :raises PlanArchived, PriceReplaced: it is not offered any more, or its creator has left
    :raises AgeNotVerified, Underage: see ``accounts.check_may_buy``
    """
    if plan.cluster_id != fan.cluster_id:
        raise errors.PlanNotFound()
    if plan.creator.user_id == fan.user_id:
        raise errors.OwnPlan()
    creator = plan.creator
    if plan.status != PlanStatus.ACTIVE or not (creator.is_creator and creator.user.is_active):
        raise errors.PlanArchived()
    if price is not None and price.replaced_at is not None:
        raise errors.PriceReplaced()
    accounts.check_may_buy(fan.user)


def check_not_subscribed(fan: Profile, creator_id: int) -> None:
    """
    :raises AlreadySubscribed: more than a free follow counts now
    """
    live = Subscription.objects.filter(
        fan=fan, creator_id=creator_id, state__in=sorted(LIVE), price__isnull=False
    ).first()
    if live is not None:
        raise errors.AlreadySubscribed(subscription=str(live.public_id))
    waiting = pending_of(fan, creator_id).filter(first_transaction__status__in=sorted(_ON_ITS_WAY))
    if (paying := waiting.first()) is not None:
        raise errors.AlreadySubscribed(subscription=str(paying.public_id), why="being paid for")


def pending_of(fan: Profile, creator_id: int) -> QuerySet[Subscription]:
    """Return those to a creator that wait for their first payment: a new one ends them, so
    what they took of promotion and trial can be had by it."""
    return Subscription.objects.filter(fan=fan, creator_id=creator_id, state=State.INCOMPLETE)


def _promotion(fan: Profile, price: Price, code: str, now: datetime) -> Promotion | None:
    pending = pending_of(fan, price.plan.creator_id).values("pk")
    held = Promotion.objects.filter(
        redemptions__subscription__in=pending, redemptions__released_at__isnull=True
    )
    if code:
        found = promotions.find_code(price=price, code=code)
        try:
            promotions.check_offered(found, price=price, fan=fan, now=now)
        except (errors.CodeUsedBefore, errors.CodeUsedUp):
            if not held.filter(pk=found.pk).exists():
                raise
        return found
    best = promotions.best_open_promotion(price=price, fan=fan, now=now)
    mine = [
        row
        for row in held.filter(code="", status=PromotionStatus.ACTIVE)
        if promotions.fits_price(row, price) and (row.ends_at is None or row.ends_at > now)
    ]
    return min([*mine, *([best] if best else [])], key=lambda row: _less(price, row), default=None)


def _less(price: Price, promotion: Promotion) -> tuple[int, int]:
    cut = promotions.cut_of(promotion)
    return (pricing.reduced(price.amount, cut).minor if cut else 0, promotion.pk)


def _trial_days(fan: Profile, price: Price, means: PaymentMethod | None) -> int:
    plan = price.plan
    if not plan.trial_days or not price.months:
        return 0
    who = Q(user_id=fan.user_id)
    if means is not None and means.fingerprint:
        who |= Q(fingerprint=means.fingerprint)
    had = TrialUse.objects.filter(who, creator_id=plan.creator_id).exclude(
        subscription__in=pending_of(fan, plan.creator_id)
    )
    return 0 if had.exists() else plan.trial_days


def _charges(
    price: Price, promotion: Promotion | None, begins: periods.Beginning, now: datetime
) -> _Charges:
    """A trial has a price of its own: the promotion is kept for the periods that follow."""
    cut = promotions.cut_of(promotion)
    left = pricing.left_at_first(cut) if cut else None
    whole = pricing.reduced(price.amount, cut) if cut else None
    first = charged(
        full=price.amount,
        anchor=begins.anchor,
        number=2 if begins.is_trial else 1,
        begins=begins.until if begins.is_trial and begins.until else now,
        cut=cut,
        left=left,
    )
    if begins.is_trial:
        due = Money(price.plan.trial_minor, price.currency)
        return _Charges(due, first, left, whole, pricing.left_after(left))
    if begins.until is None:
        return _Charges(first, None, pricing.left_after(left))
    left = pricing.left_after(left)
    following = pricing.amount_of_period(amount=price.amount, cut=cut, left=left)
    return _Charges(first, following, left, whole, pricing.left_after(left))


class _Quoted:
    """What prices come to for a fan, with their tax; the rates are read once."""

    def __init__(self, fan: Profile, method: Method, buyer: Buyer | None, now: datetime) -> None:
        self._fan, self._method, self._now = fan, method, now
        self._buyer = buyer or Buyer()
        self._terms: Terms | None = None

    def on(self, price: Money) -> tuple[Money, Money]:
        """Return all that is taken, and how much of it is tax."""
        if not price:
            return price, price
        if self._terms is None:
            self._terms = Terms(
                cluster=self._fan.cluster,
                kind=Kind.SUBSCRIPTION,
                method=self._method,
                at=self._now,
            )
        quote = self._terms.quote(price, self._buyer)
        return quote.amount, quote.tax


def _descriptor(plan: Plan, price: Price, method: Method, means: PaymentMethod | None) -> str:
    if method == Method.WALLET:
        return ""
    if means is not None:
        return means.merchant_account.descriptor
    return payments.merchant_account_of(
        cluster=plan.cluster, currency=price.currency, method=method
    ).descriptor


def _day(moment: datetime | None, zone: str) -> date | None:
    return moment.astimezone(ZoneInfo(zone)).date() if moment else None


#: The money is on its way, or there and the news of it not heard yet.
_ON_ITS_WAY = PAID | {Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN}
_ZONES = frozenset(available_timezones())
