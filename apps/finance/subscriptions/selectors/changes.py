"""What a change of plan would bring and cost, shown before it is agreed to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare, salted_hmac

from apps.core.money import Money
from apps.finance.payments import selectors as payments
from apps.finance.payments.choices import Kind, Method, method_of
from apps.finance.payments.selectors.paid import is_under_way
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import (
    Period,
    Price,
    Promotion,
    Subscription,
    SubscriptionEvent,
)
from apps.finance.subscriptions.rules import periods, pricing, proration, subjects
from apps.finance.subscriptions.rules.cycle import charged
from apps.finance.subscriptions.rules.proration import ChangeKind
from apps.finance.subscriptions.selectors import promotions
from apps.finance.subscriptions.selectors.change_terms import descriptor_of, terms_of_change
from apps.finance.subscriptions.selectors.quotes import check_buyable
from apps.finance.subscriptions.selectors.worth import unused_of
from apps.finance.tax.selectors import Buyer

#: So long what was shown may be agreed to; its figures are those of the moment it was shown.
HOLDS_FOR = timedelta(minutes=15)
_SHOWN = re.compile(r"([0-9]{1,11})-", re.ASCII)
_SALT = "subscriptions.change"


@dataclass(frozen=True, slots=True)
class ChangeQuote:
    """``credit`` is the unused part of what is paid, ``charge`` the price charged now, ``total``
    with ``tax`` on top. ``then`` is the full price of the periods after. Where it is not
    ``at_once`` it holds from ``effective_at`` and charges nothing now. ``terms`` are the words
    that are agreed to; ``token`` names all of it."""

    kind: ChangeKind
    at_once: bool
    price: Price
    credit: Money
    charge: Money
    tax: Money
    total: Money
    effective_at: datetime
    new_until: datetime | None
    then: Money
    beginning: periods.Beginning
    promotion: Promotion | None
    left_after: int | None
    descriptor: str
    terms: str = ""
    token: str = ""


def change_quote(*, subscription: Subscription, price: Price, now: datetime) -> ChangeQuote:
    """
    Return what a change to another price of the same creator would cost now.

    :raises PlanNotFound: the price is another creator's
    :raises NothingToChange: it is what is paid already, or what is planned
    :raises CurrencyMismatch: it is in another currency
    :raises PlanArchived, PriceReplaced, AgeNotVerified, Underage: see ``selectors.offer``
    :raises ChangeNotOffered: it is neither in its trial nor active, is cancelled, is renewed by a
        gateway or by nobody, or what is paid is over
    """
    at = now.replace(microsecond=0)
    current = _changeable(subscription, price, now)
    kind = proration.kind_of(
        tier=subscription.tier,
        months=subscription.months,
        price=subscription.amount,
        new_tier=price.plan.tier,
        new_months=price.months,
        new_price=price.amount,
    )
    first = periods.beginning(
        at=at, months=price.months, alignment=price.plan.alignment, zone=subscription.timezone
    )
    promotion, new, left = _priced(subscription, price, first, at)
    credit = unused_of(subscription, current, at=at)
    if not proration.is_at_once(
        kind,
        months=subscription.months,
        new_months=price.months,
        credit=credit,
        new=new,
    ):
        return _agreeable(subscription, _later(subscription, price, kind, first), at)
    charge = proration.charge_of(new=new, credit=credit)
    total, tax = _with_tax(subscription, charge, now)
    quote = ChangeQuote(
        kind=kind,
        at_once=True,
        price=price,
        credit=credit,
        charge=charge,
        tax=tax,
        total=total,
        effective_at=at,
        new_until=first.until,
        then=price.amount,
        beginning=first,
        promotion=promotion,
        left_after=left,
        descriptor=descriptor_of(subscription),
    )
    return _agreeable(subscription, quote, at)


def agreed_quote(
    *, subscription: Subscription, price: Price, token: str, now: datetime
) -> ChangeQuote:
    """
    Return the quote that a token names, worked out anew as of the moment it was shown.

    :raises QuoteMoved: it was shown too long ago, or comes out otherwise now
    :raises ChangeNotOffered and more: see ``change_quote``
    """
    shown = _SHOWN.match(token)
    if shown is None:
        raise errors.QuoteMoved()
    at = datetime.fromtimestamp(int(shown[1]), UTC)
    if not timedelta() <= now - at <= HOLDS_FOR:
        raise errors.QuoteMoved()
    quote = change_quote(subscription=subscription, price=price, now=at)
    if not constant_time_compare(quote.token, token):
        raise errors.QuoteMoved()
    return quote


def pays_by(subscription: Subscription) -> Method:
    """Return the method that pays its next charge, as tax and fees see it."""
    if subscription.means is not None:
        return method_of(subscription.means.gateway)
    return Method.CARD if subscription.renews_by == RenewsBy.GATEWAY else Method.WALLET


def buyer_of(subscription: Subscription) -> Buyer | None:
    """Return where its fan said to be."""
    declared = subscription.buyer_country
    return Buyer(declared=declared) if declared else None


def is_being_charged(subscription: Subscription, *, now: datetime) -> bool:
    """Test if a worker charges for it now, or the gateway has not said what came of a charge of
    its next period or of a change of this one: until then nothing is charged beside that."""
    if subscription.claimed_until is not None and subscription.claimed_until > now:
        return True
    period = subjects.of_period(subscription.pk, subscription.period_number + 1)
    return is_under_way([period, *map(subject_of, changes_asked(subscription))])


def changes_asked(subscription: Subscription) -> QuerySet[SubscriptionEvent]:
    """Return the lines of history in which a change that is charged was agreed to, in the running
    period; the newest first."""
    return subscription.history.filter(
        what=What.NOTE, facts__has_key="asked_at", period_number=subscription.period_number
    ).order_by("-id")


def subject_of(line: SubscriptionEvent) -> str:
    """Return how payments name the change that was agreed to in a line of history."""
    return subjects.of_change(line.subscription_id, line.period_number or 0, line.pk)


def _changeable(subscription: Subscription, price: Price, now: datetime) -> Period:
    if price.plan.creator_id != subscription.creator_id:
        raise errors.PlanNotFound()
    check_buyable(subscription.fan, price.plan, price)
    if price.currency != subscription.currency:
        raise errors.CurrencyMismatch(left=price.currency, right=subscription.currency)
    if price.pk in (subscription.price_id, subscription.next_price_id):
        raise errors.NothingToChange()
    until = subscription.current_until
    current = subscription.periods.filter(number=subscription.period_number).first()
    if (
        subscription.state not in {State.TRIALING, State.ACTIVE}
        or subscription.renews_by not in {RenewsBy.WALLET, RenewsBy.MEANS}
        or subscription.cancel_at_end
        or until is None
        or until <= now
        or current is None
    ):
        raise errors.ChangeNotOffered(state=subscription.state, renews_by=subscription.renews_by)
    return current


def _priced(
    subscription: Subscription, price: Price, first: periods.Beginning, at: datetime
) -> tuple[Promotion | None, Money, int | None]:
    promotion, left = _going_on(subscription, price)
    new = charged(
        full=price.amount,
        anchor=first.anchor,
        number=1,
        begins=at,
        cut=promotions.cut_of(promotion),
        left=left,
    )
    return promotion, new, pricing.left_after(left)


def _going_on(subscription: Subscription, price: Price) -> tuple[Promotion | None, int | None]:
    """A promotion goes on where it is one for the new price too; for how many periods."""
    promotion, left = subscription.promotion, subscription.promotion_left
    if promotion is None or left == 0 or not promotions.fits_price(promotion, price):
        return None, None
    return promotion, left


def _later(
    subscription: Subscription,
    price: Price,
    kind: ChangeKind,
    first: periods.Beginning,
) -> ChangeQuote:
    nothing = Money.zero(price.currency)
    until = subscription.current_until
    if until is None:
        raise errors.ChangeNotOffered(state=subscription.state)
    promotion, left = _going_on(subscription, price)
    return ChangeQuote(
        kind=kind,
        at_once=False,
        price=price,
        credit=nothing,
        charge=nothing,
        tax=nothing,
        total=nothing,
        effective_at=until,
        new_until=until,
        then=price.amount,
        beginning=first,
        promotion=promotion,
        left_after=left,
        descriptor=descriptor_of(subscription),
    )


def _with_tax(subscription: Subscription, charge: Money, now: datetime) -> tuple[Money, Money]:
    if not charge:
        return charge, charge
    quote = payments.quote(
        cluster=subscription.cluster,
        kind=Kind.SUBSCRIPTION,
        method=pays_by(subscription),
        amount=charge,
        at=now,
        buyer=buyer_of(subscription),
    )
    return quote.amount, quote.tax


def _agreeable(subscription: Subscription, quote: ChangeQuote, at: datetime) -> ChangeQuote:
    """Add the words to agree to, and what names them with the figures: it cannot be made up, and
    the figures are those of its moment."""
    words = terms_of_change(
        subscription, quote, taxed=lambda amount: _with_tax(subscription, amount, at)
    )
    shown = int(at.timestamp())
    figures = (quote.credit, quote.charge, quote.total)
    said = [subscription.pk, subscription.period_number, quote.price.pk, shown, *figures, words]
    digest = salted_hmac(_SALT, "|".join(map(str, said)), algorithm="sha256").hexdigest()
    return replace(quote, terms=words, token=f"{shown}-{digest}")
