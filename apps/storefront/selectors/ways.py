"""The ways a payer may choose from on a page: kept means first, then new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments.choices import AttemptKind, Method
from apps.finance.payments.selectors.offers import Offer, offers_of, usable_means
from apps.storefront.choices import CURRENCY
from apps.storefront.rules import card_name, expiry_of

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

CARD, WALLET = Method.CARD.value, Method.WALLET.value
_NEW = {Method.CARD: "Card", Method.CRYPTO: "Coins"}


@dataclass(frozen=True, slots=True)
class Way:
    """One choice. ``value`` is what the form sends: a method, or the id of a kept means."""

    value: str
    label: str
    note: str = ""
    method: Method = Method.CARD
    #: The kept means itself, handed to payments as it is.
    means: Any = None
    kind: AttemptKind = AttemptKind.HOSTED


@dataclass(frozen=True, slots=True)
class Ways:
    """``limits`` are the least and the most of all but the wallet; None: nothing is taken now."""

    all: tuple[Way, ...]
    keeps: bool
    limits: tuple[Money, Money] | None

    @property
    def first(self) -> str:
        return self.all[0].value if self.all else ""

    def of(self, value: str) -> Way:
        """Return the way a form chose; forms let nothing else through."""
        return next(way for way in self.all if way.value == value)


def ways_to_tip(*, cluster: Cluster, fan: Profile | None, balance: Money, today: date) -> Ways:
    """Return how a tip may be paid. A card is always among them: that none is taken now is said
    when it is tried, with what was typed still there."""
    offers = offers_of(cluster=cluster, currency=CURRENCY, today=today)
    kept = _kept(fan, offers)
    new = _new(offers, kept) or [Way(CARD, "Card")]
    own = Way(WALLET, "Wallet", balance.formatted if balance else "", Method.WALLET)
    return _ways([*kept, *new, own], offers)


def ways_to_subscribe(
    *, fan: Profile, price: Money, due: Money, balance: Money, today: date
) -> Ways:
    """Return how a subscription may be paid: the wallet first where it holds what is due. Where
    nothing is due today only what can be charged later without its payer."""
    offers = offers_of(cluster=fan.cluster, currency=price.currency, today=today)
    kept = _kept(fan, offers, price.currency)
    new = [way for way in _new(offers, kept) if way.method == Method.CARD] if due else []
    own = Way(WALLET, "Wallet", balance.formatted, Method.WALLET)
    cards = [*kept, *new]
    return _ways([own, *cards] if balance >= price or not cards else [*cards, own], offers)


def ways_to_deposit(*, cluster: Cluster, fan: Profile, today: date) -> Ways:
    """Return how money may be added to the wallet."""
    offers = offers_of(cluster=cluster, currency=CURRENCY, today=today)
    kept = _kept(fan, offers)
    return _ways([*kept, *_new(offers, kept)], offers)


def _ways(ways: list[Way], offers: Mapping[Method, Offer]) -> Ways:
    here = [offers[way.method] for way in ways if way.method in offers]
    return Ways(
        all=tuple(ways),
        keeps=any(offer.keeps for offer in here),
        limits=(min(o.least for o in here), max(o.most for o in here)) if here else None,
    )


def _kept(
    fan: Profile | None, offers: Mapping[Method, Offer], currency: str = CURRENCY
) -> list[Way]:
    if fan is None or Method.CARD not in offers:
        return []
    return [
        Way(
            str(means.public_id),
            card_name(means),
            expiry_of(means),
            means=means,
            kind=AttemptKind.STORED,
        )
        for means in usable_means(fan, currency)
    ]


def _new(offers: Mapping[Method, Offer], kept: list[Way]) -> list[Way]:
    return [
        Way(
            method.value,
            "New card" if kept and method == Method.CARD else label,
            method=method,
            kind=offers[method].kind,
        )
        for method, label in _NEW.items()
        if method in offers
    ]
