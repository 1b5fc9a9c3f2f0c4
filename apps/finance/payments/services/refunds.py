"""Staff give money back: one asks, above a limit another decides; rules ask for small sums."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
    NOT_SENT,
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
from apps.finance.payments.services.dispute_books import cover_again
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import (
    locked_payment,
    locked_refund,
    move_refund,
    write_refund,
)
from apps.finance.payments.services.refund_news import gateway_refunded

__all__ = [
    "approve_refund",
    "gateway_refunded",
    "refund_by_rule",
    "refund_for_nothing",
    "reject_refund",
    "request_refund",
    "settle_refund",
]

KEY_LENGTH = 200
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was asked for; the same key must always mean the same wish."""

    amount: Money
    destination: Destination
    reason_code: RefundReason
    reason: str
    key: str
    origin: Origin
    by: User | None = None


@atomic
def request_refund(
    *,
    transaction_id: int,
    amount: Money,
    reason_code: RefundReason,
    reason: str,
    key: str,
    by: User,
    now: datetime,
    destination: Destination | None = None,
) -> Refund:
    """
    Ask for money of a payment to go back; without ``destination`` the way it came.

    Below the brand's limit it is approved at once: to the wallet it is booked here, to the
    gateway it is sent by the next run. From the limit on, and where ``by`` set the limit, somebody
    else decides. All live refunds
    of a payment and what banks took of it are never more than it, also with many at once. The
    same key returns the first refund.

    :raises RefundNotAllowed: ``by`` lacks payments.refund_transaction
    :raises OwnPayment: ``by`` is its payer or payee
    :raises ReasonMissing: no reason is given, or it is longer than 500 characters
    :raises BadKey: no key, or one longer than 200 characters
    :raises KeyReused: the key asked for another refund of this payment
    :raises TransactionNotFound: there is no such payment
    :raises NotPaid: it was not captured
    :raises AmountOutOfRange: the amount is not above zero
    :raises CurrencyNotOffered: it is in another currency than the payment
    :raises NothingLeft: less than this is left of the payment
    :raises RefundNotOffered: it cannot go back this way
    :raises InsufficientWallet: a deposit that goes back is spent
    """
    if not by.has_perm("payments.refund_transaction"):
        raise errors.RefundNotAllowed()
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise errors.ReasonMissing()
    if not 0 < len(key) <= KEY_LENGTH:
        raise errors.BadKey()
    transaction = locked_payment(transaction_id)
    _check_not_own(transaction, by)
    wish = _Wish(
        amount,
        destination or _way_back(transaction),
        reason_code,
        reason.strip(),
        key,
        Origin.STAFF,
        by,
    )
    first = Refund.objects.filter(transaction=transaction, key=key).first()
    if first is not None:
        return _same(first, wish)
    return _open(transaction, wish, now=now)


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
    will be, delivered for it. None if nothing is left, or nobody could be asked for it. The same
    key asks once.
    """
    transaction = locked_payment(transaction_id)
    return _all_back(transaction, RefundReason.DUPLICATE, reason, key, now)


def _all_back(
    transaction: Transaction, code: RefundReason, reason: str, key: str, now: datetime
) -> Refund | None:
    room = room_of(transaction)
    if room.minor <= 0 or transaction.status not in PAID:
        return None
    if Refund.objects.filter(transaction=transaction, key=key).exists():
        return None
    wish = _Wish(room, _way_back(transaction), code, reason, key, Origin.RULE)
    try:
        with atomic():
            return _open(transaction, wish, now=now)
    except (errors.RefundNotOffered, errors.InsufficientWallet):
        return None


@atomic
def approve_refund(*, refund_id: int, by: User, reason: str, now: datetime) -> Refund:
    """
    Let a refund go that somebody else asked for. Approving it again changes nothing.

    :raises RefundNotAllowed: ``by`` lacks payments.approve_refund
    :raises SecondPersonNeeded: ``by`` asked for it
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises RefundNotFound: there is none by this id
    :raises WrongRefundState: it was rejected, or is over
    """
    refund, transaction = _to_decide(refund_id, by)
    if refund.decided_by_id == by.pk and refund.state != RefundState.REJECTED:
        return refund
    if refund.state != RefundState.REQUESTED:
        raise errors.WrongRefundState(state=refund.state)
    refund.decided_by = by
    _approve(refund, transaction, now=now, reason=reason or "Approved", by=by)
    _audit(by, "payments.refund_approved", refund, transaction, reason)
    return refund


@atomic
def reject_refund(*, refund_id: int, by: User, reason: str, now: datetime) -> Refund:
    """
    Stop a refund that is not sent yet; whoever asked for it may take it back so.

    :raises RefundNotAllowed: ``by`` lacks payments.approve_refund, and did not ask for it
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises ReasonMissing: no reason is given
    :raises RefundNotFound: there is none by this id
    :raises WrongRefundState: it is sent, or over
    """
    if not reason.strip():
        raise errors.ReasonMissing()
    refund, transaction = locked_refund(refund_id)
    _check_not_own(transaction, by)
    if refund.by_id != by.pk and not by.has_perm("payments.approve_refund"):
        raise errors.RefundNotAllowed()
    if refund.state not in NOT_SENT:
        raise errors.WrongRefundState(state=refund.state)
    refund.decided_by = by
    release(refund, now=now)
    move_refund(refund, RefundState.REJECTED, now=now, reason=reason, by=by)
    cover_again(transaction, now=now)
    _audit(by, "payments.refund_rejected", refund, transaction, reason)
    return refund


@atomic
def settle_refund(
    *, refund_id: int, went_back: bool, reference: str, by: User, reason: str, now: datetime
) -> Refund:
    """
    Record what staff saw at the gateway about a refund of unknown outcome.

    :raises RefundNotAllowed: ``by`` lacks payments.approve_refund
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises ReasonMissing: no reason is given
    :raises RefundNotFound: there is none by this id
    :raises WrongRefundState: its outcome is known, or it is being sent at this moment
    """
    if not reason.strip():
        raise errors.ReasonMissing()
    refund, transaction = _to_decide(refund_id, by, also_own_wish=True)
    if refund.state not in {RefundState.UNKNOWN, RefundState.PENDING}:
        raise errors.WrongRefundState(state=refund.state)
    refund.gateway_reference = reference.strip()[:120]
    facts = {"went_back": went_back, "reference": refund.gateway_reference}
    if went_back:
        book_refund(refund, transaction, now=now, reason=reason, by=by, facts=facts)
    else:
        release(refund, now=now)
        refund.failure_code, refund.failure_reason = "settled", reason[:200]
        move_refund(refund, RefundState.FAILED, now=now, reason=reason, by=by, facts=facts)
        cover_again(transaction, now=now)
    _audit(by, "payments.refund_settled_by_hand", refund, transaction, reason, **facts)
    return refund


@joins_transaction
def release(refund: Refund, *, now: datetime) -> None:
    """Give back what a deposit's refund holds of the wallet."""
    if refund.hold_id is not None:
        ledger.release_hold(hold_id=refund.hold_id, now=now)
        refund.hold_id = None


def _open(transaction: Transaction, wish: _Wish, *, now: datetime) -> Refund:
    _check_wish(transaction, wish)
    policy = policy_of(cluster_id=transaction.cluster_id, currency=transaction.currency, at=now)
    earlier = Money(live_minor(transaction), transaction.currency)
    waits = wish.origin == Origin.STAFF and (
        needs_second_person(policy=policy, amount=wish.amount, earlier=earlier)
        or _by_own_policy(transaction, wish.by, now)
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
    _audit(wish.by, "payments.refund_requested", refund, transaction, wish.reason)
    if not waits:
        _approve(refund, transaction, now=now, reason="Within the limit of one person", by=wish.by)
    return refund


def _by_own_policy(transaction: Transaction, by: User | None, now: datetime) -> bool:
    """Whoever sets the limit of one person would else be the one person without a limit."""
    return by is not None and policy_is_by(
        user_id=by.pk, cluster_id=transaction.cluster_id, currency=transaction.currency, at=now
    )


def _approve(
    refund: Refund, transaction: Transaction, *, now: datetime, reason: str, by: User | None
) -> None:
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


def _check_wish(transaction: Transaction, wish: _Wish) -> None:
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


def _way_back(transaction: Transaction) -> Destination:
    by_wallet = transaction.method == Method.WALLET
    return Destination.WALLET if by_wallet else Destination.GATEWAY


def _same(first: Refund, wish: _Wish) -> Refund:
    if (first.amount, first.destination) != (wish.amount, wish.destination):
        raise errors.KeyReused(refund=str(first.public_id))
    return first


def _to_decide(
    refund_id: int, by: User, *, also_own_wish: bool = False
) -> tuple[Refund, Transaction]:
    if not by.has_perm("payments.approve_refund"):
        raise errors.RefundNotAllowed()
    refund, transaction = locked_refund(refund_id)
    _check_not_own(transaction, by)
    if refund.by_id == by.pk and not also_own_wish:
        raise errors.SecondPersonNeeded()
    return refund, transaction


def _check_not_own(transaction: Transaction, by: User) -> None:
    parties = {transaction.payer, transaction.payee}
    if by.pk in {party.user_id for party in parties if party}:
        raise errors.OwnPayment()


def _audit(
    by: User | None,
    action: str,
    refund: Refund,
    transaction: Transaction,
    reason: str,
    **facts: object,
) -> None:
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
