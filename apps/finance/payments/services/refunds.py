"""Staff give money back: one asks, above a limit another decides; rules ask for small sums."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import (
    NOT_SENT,
    Destination,
    Origin,
    RefundReason,
    RefundState,
)
from apps.finance.payments.services.dispute_books import cover_again
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import (
    locked_payment,
    locked_refund,
    move_refund,
)
from apps.finance.payments.services.refund_news import gateway_refunded
from apps.finance.payments.services.refund_open import (
    Wish,
    approve,
    open_refund,
    record_refund,
    refund_by_rule,
    refund_for_nothing,
    way_back,
)

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
    wish = Wish(
        amount,
        destination or way_back(transaction),
        reason_code,
        reason.strip(),
        key,
        Origin.STAFF,
        by,
    )
    first = Refund.objects.filter(transaction=transaction, key=key).first()
    if first is not None:
        return _same(first, wish)
    return open_refund(transaction, wish, now=now)


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
    approve(refund, transaction, now=now, reason=reason or "Approved", by=by)
    record_refund(by, "payments.refund_approved", refund, transaction, reason)
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
    record_refund(by, "payments.refund_rejected", refund, transaction, reason)
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
    record_refund(by, "payments.refund_settled_by_hand", refund, transaction, reason, **facts)
    return refund


@joins_transaction
def release(refund: Refund, *, now: datetime) -> None:
    """Give back what a deposit's refund holds of the wallet."""
    if refund.hold_id is not None:
        ledger.release_hold(hold_id=refund.hold_id, now=now)
        refund.hold_id = None


def _same(first: Refund, wish: Wish) -> Refund:
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
