"""What a subscription that stands still waits for, and what its fan is charged to go on now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.db.models import Prefetch

from apps.core.money import Money
from apps.finance.payments import selectors as payments
from apps.finance.payments.choices import Kind, Method, Status, method_of
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import DeclineClass, RenewsBy, State
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.rules import cycle
from apps.finance.subscriptions.selectors.changes import buyer_of, pays_by
from apps.finance.subscriptions.selectors.live import amount_after, anchor_of, coming_charge

if TYPE_CHECKING:
    from apps.finance.payments.models import PaymentMethod, Transaction

    PaysBy = Literal["WALLET"] | PaymentMethod

#: The card that was kept is gone: only another one can be charged.
_GONE = "payments.means_not_found"
_LAST = "newest_tries"


@dataclass(frozen=True, slots=True)
class PastDue:
    """
    Why the last charge failed and what follows by itself: a try, or none and then the end.

    ``payment`` waits for its payer's word at the bank. ``may_retry``: trying the same way again
    at once may help, so its fan can ask for it. When a gateway that renews tries, it does not say.
    """

    reason: str
    failed_at: datetime
    next_try_at: datetime | None
    ends_at: datetime | None
    is_tried_now: bool
    payment: Transaction | None
    may_retry: bool


@dataclass(frozen=True, slots=True)
class ChargeNow:
    """What is taken at once: ``amount`` is the price, ``total`` with ``tax`` in or on it."""

    amount: Money
    tax: Money
    total: Money


def newest_tries() -> Prefetch[str]:
    """Return how a list reads the newest failed charge of each that is past due: one query."""
    rows = (
        DunningTry.objects.filter(subscription__state=State.PAST_DUE)
        .select_related("transaction")
        .order_by("subscription_id", "-id")
        .distinct("subscription_id")
    )
    return Prefetch("dunning", queryset=rows, to_attr=_LAST)


def past_due_of(subscription: Subscription, *, now: datetime) -> PastDue | None:
    """Return what became of the last charge of one that is past due; None: none failed."""
    if subscription.state != State.PAST_DUE:
        return None
    last = _newest_try(subscription)
    if last is None:
        return None
    under_way = subscription.claimed_until is not None and subscription.claimed_until > now
    payment = _waiting(last)
    next_at = None if subscription.renews_by == RenewsBy.GATEWAY else last.next_at
    return PastDue(
        reason=last.reason or last.code,
        failed_at=last.at,
        next_try_at=next_at,
        ends_at=None if last.next_at else subscription.due_at,
        is_tried_now=under_way or (next_at is not None and next_at <= now),
        payment=payment,
        may_retry=not under_way and payment is None and _may_help(subscription, last),
    )


def next_charge_of(subscription: Subscription, *, now: datetime) -> tuple[Money, datetime] | None:
    """Return price (before tax on top) and moment of the next charge that comes by itself; of one
    that is past due the next try, None where none follows."""
    if subscription.state != State.PAST_DUE:
        return coming_charge(subscription)
    failed = past_due_of(subscription, now=now)
    if failed is None or failed.next_try_at is None or subscription.cancel_at_end:
        return None
    return _owed(subscription, now=now), failed.next_try_at


def price_now(subscription: Subscription, *, now: datetime) -> Money | None:
    """Return the price, before tax on top, of what ``charge_now`` would charge; None: nothing."""
    if subscription.state == State.PAST_DUE and not subscription.cancel_at_end:
        return _owed(subscription, now=now)
    until, access = subscription.current_until, subscription.access_until
    if subscription.state != State.PAUSED or until is None or until > now:
        return None
    rested = access is not None and access < until  # the rest of what is paid comes first
    return None if rested else amount_after(subscription, begins=now)


def charge_now(
    subscription: Subscription, *, now: datetime, by: PaysBy | None = None
) -> ChargeNow | None:
    """
    Return what is charged at once if its fan has a failed charge tried again, pays it another way
    (``by``), or ends a pause; None: nothing.

    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    price = price_now(subscription, now=now)
    if not price or (by is not None and subscription.state != State.PAST_DUE):
        return None
    if by is None:
        method = pays_by(subscription)
    else:
        method = Method.WALLET if by == "WALLET" else method_of(by.gateway)
    quote = payments.quote(
        cluster=subscription.cluster,
        kind=Kind.SUBSCRIPTION,
        method=method,
        amount=price,
        at=now,
        buyer=buyer_of(subscription),
    )
    return ChargeNow(price, quote.tax, quote.amount)


def check_seen(
    subscription: Subscription,
    seen: Money | None,
    *,
    now: datetime,
    by: PaysBy | None = None,
) -> None:
    """
    Answer only if what is charged at once is what its fan saw; ``seen`` None: nobody was shown
    anything, as where staff act.

    :raises PriceMoved: another sum is charged now
    :raises PlaceMissing and more: see ``charge_now``
    """
    if seen is None:
        return
    charge = charge_now(subscription, now=now, by=by)
    total = charge.total if charge else Money.zero(seen.currency)
    if total != seen:
        raise errors.PriceMoved(total=total.formatted)


def check_may_retry(subscription: Subscription, *, now: datetime) -> None:
    """
    Answer only if its fan may have the failed charge tried again the same way.

    :raises WrongState: nothing is past due, the payment waits for its payer's word, or this means
        may not or cannot be charged again
    """
    failed = past_due_of(subscription, now=now)
    if failed is None:
        raise errors.WrongState(state=subscription.state)
    if not (failed.may_retry or failed.is_tried_now):
        why = "confirm the payment" if failed.payment else "pay another way"
        raise errors.WrongState(state=subscription.state, why=why)


def _newest_try(subscription: Subscription) -> DunningTry | None:
    if hasattr(subscription, _LAST):
        rows: list[DunningTry] = getattr(subscription, _LAST)
        return rows[0] if rows else None
    tries = DunningTry.objects.filter(subscription=subscription).select_related("transaction")
    return tries.order_by("-id").first()


def _waiting(last: DunningTry) -> Transaction | None:
    payment = last.transaction
    is_asked = payment is not None and payment.status == Status.REQUIRES_ACTION
    return payment if is_asked else None


def _may_help(subscription: Subscription, last: DunningTry) -> bool:
    if subscription.cancel_at_end or subscription.renews_by == RenewsBy.GATEWAY:
        return False
    if subscription.renews_by == RenewsBy.WALLET:
        return True
    return last.decline_class != DeclineClass.NEVER and last.code != _GONE


def _owed(subscription: Subscription, *, now: datetime) -> Money:
    """Return the price of the period that is charged next: what was closed is not."""
    until = subscription.current_until
    if until is None:
        return Money.zero(subscription.currency)
    term = cycle.next_term(
        anchor=anchor_of(subscription),
        last_number=subscription.period_number,
        current_until=until,
        access_until=subscription.access_until,
        now=now,
    )
    return amount_after(subscription, begins=term.begins)
