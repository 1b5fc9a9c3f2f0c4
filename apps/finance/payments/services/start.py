"""Payments begin here."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import AttemptKind, Kind, Method, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import limits
from apps.finance.payments.services.attempts import open_attempt
from apps.finance.payments.services.move import fail, move, note
from apps.finance.payments.services.opening import Wish, first_by_key, open_outside
from apps.finance.payments.services.purchase import Purchase, Renews, wish_of
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


def start_sale(
    purchase: Purchase,
    *,
    now: datetime,
    method: Method = Method.CARD,
    pay_by: PayBy | None = None,
    renews: Renews | None = None,
) -> Transaction:
    """
    Open a sale by card or at another gateway; the payer goes on at ``open_checkout``, or a stored
    means is charged by ``charge``. Nothing is booked yet.

    ``renews`` asks a gateway that renews by itself to do so: who renews is told by
    ``selectors.renewed_by`` once it is paid. Calling again with the same key returns the first
    payment.

    :raises KeyReused: that first payment was another one
    :raises CreatorNotFound, NotACreator, TipToOneself, SoldToOneself: see ``purchase.wish_of``
    :raises SpendingLimitReached: a limit of the fan's own would be broken
    :raises NotForSale: it is no sale, names nothing, or its occasion is not one of its kind
    :raises AmountOutOfRange: no merchant account of the brand takes this amount
    :raises NoMerchantAccount, NoRoute: the brand cannot be paid this way now
    :raises PaymentRefused: risk does not let it through; the payment is kept as failed
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    return _start_outside(wish_of(purchase, method, pay_by=pay_by, renews=renews), now=now)


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
    subject: str = "",
) -> Transaction:
    """Open a tip by card or at another gateway: ``start_sale``. ``subject`` may name a goal."""
    tip = Purchase(
        fan, creator, Kind.TIP, amount, subject, idempotency_key, message=message, buyer=buyer
    )
    return start_sale(tip, now=now, method=method, pay_by=pay_by)


def _start_outside(wish: Wish, *, now: datetime) -> Transaction:
    """What was refused is kept, with the reasons, before it is said."""
    limits.check_words(message=wish.message, idempotency_key=wish.idempotency_key)
    with atomic():
        transaction = begin(wish, now=now)
    if isinstance(transaction, DomainError):
        raise transaction
    if transaction.is_blocked:
        raise errors.PaymentRefused()
    return transaction


@joins_transaction
def begin(wish: Wish, *, now: datetime) -> Transaction | DomainError:
    """Open a payment outside the wallet, or return why there is none, to be raised when what was
    thought of it is committed."""
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
