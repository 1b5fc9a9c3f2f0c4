"""What a fan buys of a creator, and whether it may be bought at all."""

from __future__ import annotations

from dataclasses import dataclass

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method, Occasion
from apps.finance.payments.rules import limits
from apps.finance.payments.services.opening import Wish
from apps.finance.payments.services.way import PayBy
from apps.finance.tax.selectors import Buyer


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is sold. ``amount`` is the price: tax that the buyer's place shows on top is added.

    ``subject`` is its owner's name for it (``subscription:7:period:3``, ``item:9``, ``goal:4``);
    empty only for a tip. ``occasion`` says which charge of a subscription it is.
    """

    fan: Profile
    creator: Profile
    kind: Kind
    amount: Money
    subject: str
    idempotency_key: str
    occasion: Occasion = Occasion.NONE
    message: str = ""
    buyer: Buyer | None = None


@dataclass(frozen=True, slots=True)
class Renews:
    """What a gateway that renews by itself is asked to charge after the first price.

    ``amount`` is a price as a purchase's is; ``times`` 0: until it is cancelled.
    """

    amount: Money
    first_days: int
    days: int
    times: int = 0


def wish_of(
    purchase: Purchase,
    method: Method,
    *,
    pay_by: PayBy | None = None,
    renews: Renews | None = None,
) -> Wish:
    """
    Return a purchase as a payment that is asked for.

    :raises CreatorNotFound: the creator is on another brand
    :raises NotACreator: the profile is a fan's
    :raises TipToOneself, SoldToOneself: payer and payee are one person
    :raises NotForSale: it is no sale, names nothing, or its occasion is not one of its kind
    :raises MessageTooLong, BadKey, CardDataRefused: see ``limits.check_words``
    """
    _check_parties(purchase)
    limits.check_sold(kind=purchase.kind, subject=purchase.subject, occasion=purchase.occasion)
    limits.check_words(message=purchase.message, idempotency_key=purchase.idempotency_key)
    return Wish(
        purchase.fan,
        purchase.kind,
        method,
        purchase.amount,
        purchase.idempotency_key,
        purchase.creator,
        purchase.message,
        purchase.buyer,
        pay_by or PayBy(),
        subject=purchase.subject,
        occasion=purchase.occasion,
        renews=(renews.amount, renews.first_days, renews.days, renews.times) if renews else None,
    )


def _check_parties(purchase: Purchase) -> None:
    fan, creator = purchase.fan, purchase.creator
    if creator.cluster_id != fan.cluster_id:
        raise errors.CreatorNotFound()
    if creator.user_id == fan.user_id:
        raise errors.TipToOneself() if purchase.kind == Kind.TIP else errors.SoldToOneself()
    if not creator.is_creator:
        raise errors.NotACreator()
