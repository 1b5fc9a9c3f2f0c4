"""A refund is opened: within a limit it goes at once, else a person lets it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import PAID, Kind, Method
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import (
    Destination,
    Origin,
    RefundReason,
    RefundState,
    needs_second_person,
)
from apps.finance.payments.selectors.given_back import (
    live_minor,
    policy_is_by,
    policy_of,
    room_of,
)
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import locked_payment, move_refund, write_refund

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; the same key must always mean the same wish."""

    amount: Money
    destination: Destination
    reason_code: RefundReason
    reason: str
    key: str
    origin: Origin
    by: User | None = None
    #: Somebody must let it go, whatever the brand's limit.
    waits: bool = False


@joins_transaction
def refund_by_rule(
    *, transaction: Transaction, reason: str, key: str, now: datetime
) -> Refund | None:
    """
    Give all that is left of a locked payment back, if the brand's policy does so for announced
    disputes of this sum; None if it does not, or if nobody could be asked for it.
    """
    policy = policy_of(cluster_id=transaction.cluster_id, currency=transaction.currency, at=now)
    if policy.refund_alerts_to_minor < room_of(transaction).minor:
        return None
    return _all_back(transaction, RefundReason.AVOID_DISPUTE, reason, key, now)


@joins_transaction
def refund_for_nothing(
    *, transaction_id: int, reason: str, key: str, now: datetime
) -> Refund | None:
    """
    Give all that is left of a payment back that came too late or twice: nothing was, and nothing
    will be, delivered for it. Where its gateway gives nothing back, staff are asked to let it go
    to the wallet: the refund waits among those to approve. None if nothing is left. The same key
    asks once.
    """
    transaction = locked_payment(transaction_id)
    return _all_back(transaction, RefundReason.DUPLICATE, reason, key, now, owed=True)


def _all_back(
    transaction: Transaction,
    code: RefundReason,
    reason: str,
    key: str,
    now: datetime,
    *,
    owed: bool = False,
) -> Refund | None:
    room = room_of(transaction)
    if room.minor <= 0 or transaction.status not in PAID:
        return None
    if Refund.objects.filter(transaction=transaction, key=key).exists():
        return None
    way = way_back(transaction)
    by_hand = owed and not way_is_open(transaction, way, room)
    if by_hand:
        way, reason = Destination.WALLET, f"{reason}. {transaction.gateway} gives nothing back"
    wish = Wish(room, way, code, reason, key, Origin.RULE, waits=by_hand)
    try:
        with atomic():
            refund = open_refund(transaction, wish, now=now)
    except (errors.RefundNotOffered, errors.InsufficientWallet):
        return None
    if by_hand:
        log.error("refund_needs_a_person", refund=refund.pk, transaction=transaction.pk)
    return refund


@joins_transaction
def open_refund(transaction: Transaction, wish: Wish, *, now: datetime) -> Refund:
    """
    Open a refund of a locked payment; below the limit of one person it is approved too.

    :raises NotPaid: it was not captured
    :raises AmountOutOfRange: the amount is not above zero
    :raises CurrencyNotOffered: it is in another currency than the payment
    :raises NothingLeft: less than this is left of the payment
    :raises RefundNotOffered: it cannot go back this way
    :raises InsufficientWallet: a deposit that goes back is spent
    """
    _check_wish(transaction, wish)
    policy = policy_of(cluster_id=transaction.cluster_id, currency=transaction.currency, at=now)
    earlier = Money(live_minor(transaction), transaction.currency)
    waits = wish.waits or (
        wish.origin == Origin.STAFF
        and (
            needs_second_person(policy=policy, amount=wish.amount, earlier=earlier)
            or _by_own_policy(transaction, wish.by, now)
        )
    )
    refund = Refund.objects.create(
        transaction=transaction,
        amount_minor=wish.amount.minor,
        currency=wish.amount.currency,
        destination=wish.destination,
        origin=wish.origin,
        reason_code=wish.reason_code,
        reason=wish.reason,
        state=RefundState.REQUESTED,
        key=wish.key,
        platform_fee_returned=policy.platform_fee_returned,
        processing_fee_returned=policy.processing_fee_returned,
        kept_fees_borne_by=policy.kept_fees_borne_by,
        by=wish.by,
        created_at=now,
    )
    write_refund(refund, "", now=now, reason=wish.reason, by=wish.by)
    if transaction.kind == Kind.WALLET_DEPOSIT:
        _hold(refund, transaction, now=now)
    record_refund(wish.by, "payments.refund_requested", refund, transaction, wish.reason)
    if not waits:
        approve(refund, transaction, now=now, reason="Within the limit of one person", by=wish.by)
    return refund


def _by_own_policy(transaction: Transaction, by: User | None, now: datetime) -> bool:
    """Whoever sets the limit of one person would else be the one person without a limit."""
    return by is not None and policy_is_by(
        user_id=by.pk, cluster_id=transaction.cluster_id, currency=transaction.currency, at=now
    )


@joins_transaction
def approve(
    refund: Refund, transaction: Transaction, *, now: datetime, reason: str, by: User | None
) -> None:
    """Let a locked refund go: one to the wallet is booked here, others the next run sends."""
    move_refund(refund, RefundState.APPROVED, now=now, reason=reason, by=by, due=now)
    if refund.destination == Destination.WALLET:
        book_refund(refund, transaction, now=now, reason="Given back to the wallet", by=by)


def _hold(refund: Refund, transaction: Transaction, *, now: datetime) -> None:
    """Keep the deposit in the wallet while its refund is decided and sent."""
    try:
        hold = ledger.place_hold(
            account=postings.wallet(transaction.payer_id),
            amount=refund.amount,
            source=f"refund:{refund.pk}",
            now=now,
            cluster=transaction.cluster.slug,
            memo="Deposit that goes back",
        )
    except ledger_errors.InsufficientFunds as error:
        raise errors.InsufficientWallet(amount=str(refund.amount)) from error
    refund.hold_id = hold.pk
    refund.save(update_fields=["hold_id"])


def _check_wish(transaction: Transaction, wish: Wish) -> None:
    if transaction.status not in PAID:
        raise errors.NotPaid(status=transaction.status)
    if wish.amount.currency != transaction.currency:
        raise errors.CurrencyNotOffered(currency=wish.amount.currency)
    if wish.amount.minor <= 0:
        raise errors.AmountOutOfRange(amount=str(wish.amount))
    room = room_of(transaction)
    if room < wish.amount:
        raise errors.NothingLeft(amount=str(wish.amount), left=str(room))
    if not way_is_open(transaction, wish.destination, wish.amount):
        raise errors.RefundNotOffered(gateway=transaction.gateway, to=wish.destination)


def way_is_open(transaction: Transaction, destination: str, amount: Money) -> bool:
    """Test if money of a payment can go back by us to a destination."""
    if destination == Destination.WALLET:
        return transaction.kind != Kind.WALLET_DEPOSIT
    if transaction.method == Method.WALLET:
        return False
    can = gateway_for(transaction.gateway).capabilities
    return can.refund and (can.partial_refund or amount == transaction.amount)


def way_back(transaction: Transaction) -> Destination:
    """Return where a payment came from."""
    by_wallet = transaction.method == Method.WALLET
    return Destination.WALLET if by_wallet else Destination.GATEWAY


@joins_transaction
def record_refund(
    by: User | None,
    action: str,
    refund: Refund,
    transaction: Transaction,
    reason: str,
    **facts: object,
) -> None:
    """Write into the audit log what somebody did about a refund."""
    audit.record(
        by=by,
        action=action,
        subject=refund,
        reason=reason,
        facts={
            "amount": str(refund.amount),
            "transaction": transaction.pk,
            "to": refund.destination,
            **facts,
        },
        cluster=transaction.cluster,
    )
