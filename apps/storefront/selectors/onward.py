"""Where the page of a payment leads: to what was paid for, or to where that is begun anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from apps.accounts.models import Profile
from apps.finance.payments.choices import Kind
from apps.finance.purchases import selectors as purchases
from apps.finance.subscriptions import selectors as subscriptions
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.selectors import gifts

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction
    from apps.finance.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Onward:
    """``bought`` names it in the sum, ``paid`` is the news of it; ``note`` says what is still to
    come. ``label`` and ``url`` lead to it when it is paid, ``again`` to where it is chosen."""

    bought: str
    paid: str
    label: str
    url: str
    again: str
    note: str = ""
    subscription: Subscription | None = None
    renews: bool = False


def onward_of(fan: Profile, payment: Transaction) -> Onward:
    """Return where a fan goes on from their payment, by what it says it is for: a query or two."""
    for find in _SUBJECTS:
        if payment.subject and (found := find(fan, payment)) is not None:
            return found
    return _without_subject(payment)


def _subscription(fan: Profile, payment: Transaction) -> Onward | None:
    found = subscriptions.subscription_of_subject(fan, payment.subject)
    if found is None:
        return None
    here = reverse("storefront:subscription", kwargs={"public_id": found.public_id})
    name = found.creator.display_name
    begins = found.first_transaction_id == payment.pk
    holds = begins and found.state != State.ENDED
    return Onward(
        bought=f"{found.plan.name}: {name} (@{found.creator.handle})",
        paid=f"You are subscribed to {name}" if holds else f"Paid: your subscription to {name}",
        label="Your subscription",
        url=here,
        again=f"{_creator(found.creator)}#plans" if begins else here,
        note="It begins in a moment." if found.state == State.INCOMPLETE else "",
        subscription=found,
        renews=True,
    )


def _gift(fan: Profile, payment: Transaction) -> Onward | None:
    found = gifts.gift_of_subject(fan, payment.subject)
    if found is None:
        return None
    creator = found.plan.creator
    give = reverse("storefront:give", kwargs={"handle": creator.handle})
    return Onward(
        bought=f"A gift: {creator.display_name}, {found.plan.name}",
        paid="Your gift is paid",
        label="Your gifts",
        url=reverse("storefront:gifts"),
        again=f"{give}?{urlencode({'price': found.price.public_id})}",
        note=f"{found.taker.display_name} is told of it, and takes it when they like."
        if found.taker
        else "The code to hand on is among your gifts.",
    )


def _item(fan: Profile, payment: Transaction) -> Onward | None:
    found = purchases.item_of_subject(fan, payment.subject)
    if found is None:
        return None
    here = reverse("storefront:item", kwargs={"public_id": found.public_id})
    return Onward(
        bought=f"{found.title}, by {found.creator.display_name} (@{found.creator.handle})",
        paid=f"{found.title} is yours",
        label=f"Go to {found.title}",
        url=here,
        again=here,
    )


def _goal(fan: Profile, payment: Transaction) -> Onward | None:
    found = purchases.goal_of_subject(fan, payment.subject)
    if found is None:
        return None
    here = reverse("storefront:goal", kwargs={"public_id": found.public_id})
    name = found.creator.display_name
    return Onward(
        bought=f"Tip to {name} (@{found.creator.handle}), towards {found.title}",
        paid=f"{name} got your tip towards {found.title}",
        label="See how far the goal is",
        url=here,
        again=here,
    )


#: In the order of how many payments there are of each.
_SUBJECTS: tuple[Callable[[Profile, Transaction], Onward | None], ...] = (
    _subscription,
    _item,
    _goal,
    _gift,
)


def _without_subject(payment: Transaction) -> Onward:
    """A deposit; or a tip to nothing but its creator, begun anew with the same amount."""
    payee = payment.payee
    if payee is None:
        wallet = reverse("storefront:wallet")
        return Onward(
            bought=f"Your {payment.cluster.name} wallet",
            paid="Your wallet is topped up",
            label="Back to your wallet",
            url=wallet,
            again=wallet,
        )
    page, name = _creator(payee), payee.display_name
    what = "Tip to" if payment.kind == Kind.TIP else f"{payment.get_kind_display()} of"
    same = urlencode({"preset": "other", "amount": payment.price.decimal})
    return Onward(
        bought=f"{what} {name} (@{payee.handle})",
        paid=f"{name} got your tip" if payment.kind == Kind.TIP else f"Paid: {name}",
        label=f"Back to {name}",
        url=page,
        again=f"{page}?{same}" if payment.kind == Kind.TIP else page,
    )


def _creator(profile: Profile) -> str:
    return reverse("storefront:creator", kwargs={"handle": profile.handle})
