"""Payments begin here."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.payments import errors
from apps.finance.payments.choices import AttemptKind, Kind, Method, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import limits
from apps.finance.payments.services.attempts import open_attempt
from apps.finance.payments.services.move import capture, fail, move, note
from apps.finance.payments.services.opening import (
    Wish,
    first_by_key,
    open_inside,
    open_outside,
)
from apps.finance.payments.services.way import PayBy
from apps.finance.risk.choices import Outcome
from apps.finance.tax.selectors import Buyer

#: Why a payment failed that risk did not let through. The payer is not told the reason.
REFUSED = "refused"


def start_deposit(
    *,
    fan: Profile,
    amount: Money,
    idempotency_key: str,
    now: datetime,
    method: Method = Method.CARD,
    pay_by: PayBy | None = None,
) -> Transaction:
    """
    Open a wallet deposit; the payer goes on at ``open_checkout``, or a stored means is charged by
    ``charge``. Nothing is booked yet.

    Calling again with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises AmountOutOfRange: no merchant account of the brand takes this amount
    :raises NoMerchantAccount, NoRoute: the brand cannot be paid this way now
    :raises PaymentRefused: risk does not let it through; the payment is kept as failed
    """
    return _start_outside(
        Wish(fan, Kind.WALLET_DEPOSIT, method, amount, idempotency_key, pay_by=pay_by or PayBy()),
        now=now,
    )


def start_card_tip(
    *,
    fan: Profile,
    creator: Profile,
    amount: Money,
    message: str,
    idempotency_key: str,
    now: datetime,
    buyer: Buyer | None = None,
    method: Method = Method.CARD,
    pay_by: PayBy | None = None,
) -> Transaction:
    """
    Open a tip by card or at another gateway; the payer goes on at ``open_checkout``, or a stored
    means is charged by ``charge``. Nothing is booked yet.

    ``amount`` is the price: tax that the buyer's place shows on top is added to the charge.
    Calling again with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises CreatorNotFound: the creator is on another brand
    :raises NotACreator: the profile is a fan's
    :raises TipToOneself: payer and payee are one person
    :raises AmountOutOfRange: no merchant account of the brand takes this amount
    :raises NoMerchantAccount, NoRoute: the brand cannot be paid this way now
    :raises PaymentRefused: risk does not let it through; the payment is kept as failed
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    _check_parties(fan, creator)
    return _start_outside(
        Wish(
            fan, Kind.TIP, method, amount, idempotency_key, creator, message, buyer,
            pay_by or PayBy(),
        ),
        now=now,
    )  # fmt: skip


@atomic
def tip_from_wallet(
    *,
    fan: Profile,
    creator: Profile,
    amount: Money,
    message: str,
    idempotency_key: str,
    now: datetime,
    buyer: Buyer | None = None,
) -> Transaction:
    """
    Tip from the fan's wallet on this brand; captured and booked at once.

    ``amount`` is the price: tax that the buyer's place shows on top is paid beside it.
    Calling again with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises InsufficientWallet: the wallet holds less; nothing is kept of the attempt
    :raises CreatorNotFound: the creator is on another brand
    :raises NotACreator: the profile is a fan's
    :raises TipToOneself: payer and payee are one person
    :raises AmountOutOfRange: too little or too much for a wallet tip
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    _check_parties(fan, creator)
    wish = Wish(fan, Kind.TIP, Method.WALLET, amount, idempotency_key, creator, message, buyer)
    limits.check_words(message=message, idempotency_key=idempotency_key)
    if (first := first_by_key(wish)) is not None:
        return first
    limits.check_wallet_tip(amount)
    transaction, is_new = open_inside(wish, now=now)
    if not is_new:
        return transaction
    try:
        capture(transaction=transaction, now=now, reason="Paid from the wallet")
    except ledger_errors.InsufficientFunds as error:
        raise errors.InsufficientWallet(
            amount=str(transaction.amount.decimal), currency=amount.currency
        ) from error
    return transaction


def _start_outside(wish: Wish, *, now: datetime) -> Transaction:
    """What was refused is kept, with the reasons, before it is said."""
    limits.check_words(message=wish.message, idempotency_key=wish.idempotency_key)
    transaction = _begin(wish, now=now)
    if isinstance(transaction, DomainError):
        raise transaction
    if transaction.is_blocked:
        raise errors.PaymentRefused()
    return transaction


@atomic
def _begin(wish: Wish, *, now: datetime) -> Transaction | DomainError:
    if (first := first_by_key(wish)) is not None:
        return first
    opened = open_outside(wish, now=now)
    if isinstance(opened, DomainError):
        return opened
    transaction, way = opened.transaction, opened.way
    if way is None:
        return transaction
    if way.outcome == Outcome.BLOCK:
        fail(transaction=transaction, now=now, code=REFUSED, reason="Refused by a risk rule",
             told="")  # fmt: skip
        return transaction
    open_attempt(
        transaction=transaction,
        account=way.account,
        kind=way.pay_by.kind,
        now=now,
        means=way.pay_by.means,
        keep=way.pay_by.keep,
    )
    if way.outcome == Outcome.REVIEW:
        transaction.review_since = now
        transaction.save(update_fields=["review_since"])
        note(transaction=transaction, now=now, reason="A person looks at it before it goes on")
    elif way.pay_by.kind != AttemptKind.STORED:
        move(
            transaction=transaction,
            target=Status.REQUIRES_ACTION,
            now=now,
            reason="The payer is sent to the payment page",
        )
    return transaction


def _check_parties(fan: Profile, creator: Profile) -> None:
    if creator.cluster_id != fan.cluster_id:
        raise errors.CreatorNotFound()
    if creator.user_id == fan.user_id:
        raise errors.TipToOneself()
    if not creator.is_creator:
        raise errors.NotACreator()
