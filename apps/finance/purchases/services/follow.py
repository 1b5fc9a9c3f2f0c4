"""A purchase follows its payment: whatever was told in whatever order, it ends as the payment is.

No piece of news is acted on by itself. Each makes us read what the payment is now, so news that
is told twice, late or in another order changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Scope
from apps.finance.payments.services.refunds import refund_for_nothing
from apps.finance.purchases import rules
from apps.finance.purchases.choices import LIVE, TAKEN, PurchaseState
from apps.finance.purchases.models import Purchase
from apps.finance.purchases.services.tell import tell_bought

_WHY = {
    PurchaseState.REFUNDED: "The payment was given back",
    PurchaseState.DISPUTED: "The bank took the payment back",
}
#: What a payment is told of by itself comes sooner.
MISSED_AFTER = timedelta(minutes=10)


@atomic
def follow_payment(*, transaction_id: int, now: datetime) -> Purchase | None:
    """
    Bring a purchase to what its payment is now: open, withdrawn or given up.

    None if the payment is of no purchase. Repeating changes nothing.
    """
    buyer_id = (
        Purchase.objects.filter(transaction=transaction_id)
        .values_list("buyer_id", flat=True)
        .first()
    )
    if buyer_id is None:
        return None
    # The same first lock as buying takes: the buyer's purchases are judged one after the other.
    Profile.objects.select_for_update(no_key=True).get(pk=buyer_id)
    purchase = (
        Purchase.objects.select_related("item", "item__creator", "buyer", "transaction", "cluster")
        .filter(transaction=transaction_id)
        .get()
    )
    assert purchase.transaction is not None  # noqa: S101 - found by it
    return settle(purchase, status=purchase.transaction.status, now=now)


@joins_transaction
def settle(purchase: Purchase, *, status: str, now: datetime) -> Purchase:
    """Bring a purchase, whose buyer is locked, to a payment's status; grant or withdraw."""
    wanted = rules.state_of(status)
    if wanted == PurchaseState.PENDING != purchase.state:
        return purchase  # given up: another has taken its place, or it waits for the money
    others = Purchase.objects.filter(item=purchase.item_id, buyer=purchase.buyer_id).exclude(
        pk=purchase.pk
    )
    if wanted in TAKEN and purchase.state not in TAKEN:
        others.filter(state=PurchaseState.PENDING).update(
            state=PurchaseState.ABANDONED, ended_at=now
        )
        purchase.is_second = others.filter(state__in=TAKEN, is_second=False).exists()
    _write(purchase, wanted, now=now)
    if wanted not in LIVE or purchase.is_second:
        _promote(purchase, now=now)
    return purchase


def _write(purchase: Purchase, state: PurchaseState, *, now: datetime) -> None:
    purchase.state = state
    if state in TAKEN:
        purchase.paid_at = purchase.paid_at or now
    gives = state in {PurchaseState.PENDING, PurchaseState.PAID} and not purchase.is_second
    purchase.ended_at = None if gives else purchase.ended_at or now
    purchase.save(update_fields=["state", "is_second", "paid_at", "ended_at"])
    if state == PurchaseState.PAID and not purchase.is_second:
        _grant(purchase, now=now)
        tell_bought(purchase, now=now)
        return
    why = "Paid twice" if purchase.is_second else _WHY.get(state, "")
    entitlements.withdraw(purchase.source, why=why, now=now)
    if state == PurchaseState.PAID and purchase.transaction_id is not None:
        # What its gateway does not give back waits among the refunds to approve.
        refund_for_nothing(
            transaction_id=purchase.transaction_id,
            reason="Another payment for the same thing was first",
            key=given_back_key(purchase),
            now=now,
        )


def given_back_key(purchase: Purchase) -> str:
    """Return what names the refund of a purchase that was paid twice."""
    return f"{purchase.source}:twice"


def _grant(purchase: Purchase, *, now: datetime) -> None:
    entitlements.grant(
        entitlements.Grant(
            profile_id=purchase.buyer_id,
            creator_id=purchase.item.creator_id,
            cluster_id=purchase.cluster_id,
            scope=Scope.ITEM,
            source=purchase.source,
            item=purchase.item.thing,
            why="Bought",
        ),
        now=now,
    )


def _promote(purchase: Purchase, *, now: datetime) -> None:
    """The buyer's money for one is back: what was paid twice is the one that counts now."""
    same = Purchase.objects.filter(item=purchase.item_id, buyer=purchase.buyer_id)
    if same.filter(state__in=LIVE, is_second=False).exists():
        return
    second = (
        same.select_related("item", "item__creator", "buyer", "transaction", "cluster")
        .filter(state__in=TAKEN, is_second=True)
        .order_by("state", "id")  # one that the bank has not taken goes first
        .last()
    )
    if second is not None:
        second.is_second = False
        _write(second, PurchaseState(second.state), now=now)


def follow_missed(*, now: datetime, limit: int = 200) -> int:
    """
    Bring purchases along whose payment ended without a word (its payer left); return how many.
    """
    silent = (
        Purchase.objects.filter(state=PurchaseState.PENDING, created_at__lte=now - MISSED_AFTER)
        .filter(Q(transaction__status__in=sorted(rules.STATE_OF)) & ~Q(transaction__isnull=True))
        .order_by("created_at", "id")
        .values_list("transaction_id", flat=True)[:limit]
    )
    return sum(follow_payment(transaction_id=pk, now=now) is not None for pk in list(silent) if pk)
