"""A fan's subscription as its pages show it: its state in words, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.html import format_html

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.selectors.offers import usable_means
from apps.finance.subscriptions import selectors as subscriptions
from apps.finance.subscriptions.choices import LIVE, RenewsBy, State
from apps.finance.subscriptions.rules.pricing import Holds
from apps.finance.subscriptions.rules.terms import period_words
from apps.finance.subscriptions.selectors import dues, live
from apps.storefront.choices import SUBSCRIPTION_STATES
from apps.storefront.rules import card_name, expiry_of

if TYPE_CHECKING:
    from apps.finance.subscriptions.models import Price, Subscription
    from apps.finance.subscriptions.selectors.dues import PastDue

WALLET = "WALLET"
_RUNNING = frozenset({State.ACTIVE, State.TRIALING, State.PAST_DUE})


@dataclass(frozen=True, slots=True)
class Standing:
    """``coming`` is the next charge that comes by itself, before tax that comes on top; None:
    nothing is charged. ``failed`` is what became of the last one, of one that is past due.
    ``new_price`` is the one that the next charge brings, as its fan was told; empty: the same."""

    subscription: Subscription
    tone: str
    words: str
    price: str
    coming: tuple[Money, datetime] | None
    failed: PastDue | None
    new_price: str
    pays_with: str
    descriptor: str

    @property
    def is_live(self) -> bool:
        return self.subscription.state in LIVE

    @property
    def may_cancel(self) -> bool:
        """Say whether there is anything to stop: what was paid once, for life, charges no more."""
        it = self.subscription
        for_life = it.price_id is not None and it.months == 0
        return self.is_live and not it.cancel_at_end and not for_life

    @property
    def may_take_back(self) -> bool:
        """Say whether a cancellation can be taken back: a gateway does not begin again."""
        it = self.subscription
        return self.is_live and it.cancel_at_end and it.renews_by != RenewsBy.GATEWAY

    @property
    def is_ours(self) -> bool:
        """Say whether we charge it: what a gateway charges by itself only ends."""
        return self.subscription.renews_by in {RenewsBy.WALLET, RenewsBy.MEANS}

    @property
    def may_pause(self) -> bool:
        it = self.subscription
        return it.state == State.ACTIVE and self.coming is not None and self.is_ours

    @property
    def may_resume(self) -> bool:
        return self.subscription.state == State.PAUSED

    @property
    def may_change(self) -> bool:
        it = self.subscription
        return it.state in {State.ACTIVE, State.TRIALING} and self.may_cancel and self.is_ours

    @property
    def may_pay_otherwise(self) -> bool:
        """Say whether something else may pay the next periods; a gateway is told to stop first."""
        it = self.subscription
        return it.state in _RUNNING and self.may_cancel and it.renews_by != RenewsBy.NOBODY


def standing_of(
    subscription: Subscription, *, now: datetime, for_creator: bool = False
) -> Standing:
    """Return how a subscription stands, from what was read with it: no query of its own. How it is
    paid is the fan's own matter."""
    it = subscription
    tone, words = SUBSCRIPTION_STATES[it.state]
    if it.state in _RUNNING and it.cancel_at_end:
        tone, words = SUBSCRIPTION_STATES["CANCELLING"]
    return Standing(
        subscription=it,
        tone=tone,
        words=words,
        price=price_words(it.amount, it.months) if it.currency else "Free",
        coming=None if for_creator else dues.next_charge_of(it, now=now),
        failed=None if for_creator else dues.past_due_of(it, now=now),
        new_price="" if for_creator else _new_price(it),
        pays_with="" if for_creator else _pays_with(it),
        descriptor="" if for_creator else _descriptor(it),
    )


def _new_price(subscription: Subscription) -> str:
    coming = live.coming_of(subscription)
    if coming is None or coming.holds is not Holds.NEW:
        return ""
    return price_words(coming.full, subscription.months)


def price_words(amount: Money, months: int) -> str:
    """Write a price with its period: ``$12.00 a month``, ``$99.00 once``."""
    if not months:
        return f"{amount.formatted} once"
    period = period_words(months)
    return f"{amount.formatted} {'every' if period[0].isdigit() else 'a'} {period}"


def ways_to_renew(fan: Profile, subscription: Subscription) -> list[tuple[str, Any]]:
    """Return what the next periods may be paid with: the wallet, and the cards that are kept."""
    if not subscription.currency:
        return []
    balance = ledger.balance_of(postings.wallet(fan.pk), subscription.currency)
    cards = usable_means(fan, subscription.currency)
    ways = [(WALLET, f"Wallet ({balance.formatted})")]
    ways += [(str(c.public_id), f"{card_name(c)} {expiry_of(c)}".strip()) for c in cards]
    return [
        (value, format_html("{}{}", label, ", as now" if _is(subscription, value) else ""))
        for value, label in ways
    ]


def has_other_way(subscription: Subscription, ways: list[tuple[str, Any]]) -> bool:
    """Say whether there is a way to pay the next periods that is not the one of now."""
    return any(not _is(subscription, value) for value, _ in ways)


def other_prices(subscription: Subscription) -> list[tuple[Price, str]]:
    """Return what it may be changed to, with the words of each price; cheapest tier first."""
    return [
        (price, price_words(price.amount, price.months))
        for price in subscriptions.open_prices_of(subscription.creator)
        if price.pk != subscription.price_id and price.currency == subscription.currency
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of its story, as its fan reads it."""

    what: str
    at: datetime
    who: str


_WHO = {"YOU": "you", "CREATOR": "the creator", "SUPPORT": "our support", "PLATFORM": ""}


def story_of(subscription: Subscription) -> list[Line]:
    """Return what happened to it, the newest first."""
    return [
        Line(line.get_what_display(), line.at, _WHO[subscriptions.who_did(line, subscription)])
        for line in subscriptions.history_of(subscription)
    ]


def _is(subscription: Subscription, value: str) -> bool:
    if subscription.renews_by == RenewsBy.WALLET:
        return value == WALLET
    return subscription.means is not None and str(subscription.means.public_id) == value


def _pays_with(subscription: Subscription) -> str:
    if subscription.renews_by == RenewsBy.WALLET:
        return "Your wallet"
    if subscription.means is not None:
        return card_name(subscription.means)
    if subscription.renews_by == RenewsBy.GATEWAY:
        first = subscription.first_transaction
        return f"Your card at {first.get_gateway_display()}" if first else "Your card"
    return ""


def gift_words(price: Price) -> str:
    """Write what a gift is: ``3 months for $24.00``."""
    period = period_words(price.months)
    lasts = period if period[:1].isdigit() else f"a {period}" if period else "for life"
    return f"{lasts}, {price.amount.formatted}"


def _descriptor(subscription: Subscription) -> str:
    """Return what the charges look like on a card statement; empty where a wallet pays."""
    if subscription.renews_by == RenewsBy.WALLET:
        return ""
    if subscription.means is not None:
        return subscription.means.merchant_account.descriptor
    first = subscription.first_transaction
    account = first.merchant_account if first else None
    return account.descriptor if account else ""
