"""Payments begin here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.payments import errors, selectors
from apps.finance.payments.choices import Kind, Method, Status
from apps.finance.payments.models import MerchantAccount, Transaction, TransactionEvent
from apps.finance.payments.rules import limits
from apps.finance.payments.services.move import capture, move
from apps.finance.tax.selectors import Buyer, TaxQuote


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the payer asked for; the same key must always mean the same wish."""

    fan: Profile
    kind: Kind
    method: Method
    amount: Money
    idempotency_key: str
    creator: Profile | None = None
    message: str = ""
    #: Where the payer is. Not part of the wish: the first answer's place stands.
    buyer: Buyer | None = None


@atomic
def start_deposit(
    *, fan: Profile, amount: Money, idempotency_key: str, now: datetime
) -> Transaction:
    """
    Open a wallet deposit by card; the payer goes on at ``checkout_url``. Nothing is booked yet.

    Calling again with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises AmountOutOfRange: the brand's merchant account doesn't take this amount
    :raises NoMerchantAccount: the brand cannot charge cards now
    """
    return _start_by_card(
        _Wish(fan, Kind.WALLET_DEPOSIT, Method.CARD, amount, idempotency_key), now=now
    )


@atomic
def start_card_tip(
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
    Open a tip by card; the payer goes on at ``checkout_url``. Nothing is booked yet.

    ``amount`` is the price: tax that the buyer's place shows on top is added to the charge.
    Calling again with the same key returns the first payment.

    :raises KeyReused: that first payment was another one
    :raises CreatorNotFound: the creator is on another brand
    :raises NotACreator: the profile is a fan's
    :raises TipToOneself: payer and payee are one person
    :raises AmountOutOfRange: the brand's merchant account doesn't take this amount
    :raises NoMerchantAccount: the brand cannot charge cards now
    :raises PlaceMissing, PlaceUnknown, PlaceTooWide: the brand collects tax and needs the place
    """
    _check_parties(fan, creator)
    return _start_by_card(
        _Wish(fan, Kind.TIP, Method.CARD, amount, idempotency_key, creator, message, buyer),
        now=now,
    )


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
    wish = _Wish(fan, Kind.TIP, Method.WALLET, amount, idempotency_key, creator, message, buyer)
    limits.check_words(message=message, idempotency_key=idempotency_key)
    if (first := _first_by_key(wish)) is not None:
        return first
    limits.check_wallet_tip(amount)
    transaction, is_new = _open(wish, account=None, now=now)
    if not is_new:
        return transaction
    try:
        capture(transaction=transaction, now=now, reason="Paid from the wallet")
    except ledger_errors.InsufficientFunds as error:
        raise errors.InsufficientWallet(
            amount=str(transaction.amount.decimal), currency=amount.currency
        ) from error
    return transaction


def _start_by_card(wish: _Wish, *, now: datetime) -> Transaction:
    limits.check_words(message=wish.message, idempotency_key=wish.idempotency_key)
    if (first := _first_by_key(wish)) is not None:
        return first
    account = selectors.merchant_account_of(
        cluster=wish.fan.cluster, currency=wish.amount.currency
    )
    limits.check_between(wish.amount, account.least_minor, account.most_minor)
    transaction, is_new = _open(wish, account=account, now=now)
    if is_new:
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


def _first_by_key(wish: _Wish) -> Transaction | None:
    first = Transaction.objects.filter(
        payer=wish.fan, idempotency_key=wish.idempotency_key
    ).first()
    return first and _same(first, wish)


def _open(
    wish: _Wish, *, account: MerchantAccount | None, now: datetime
) -> tuple[Transaction, bool]:
    quote = selectors.quote(
        cluster=wish.fan.cluster,
        kind=wish.kind,
        method=wish.method,
        amount=wish.amount,
        at=now,
        buyer=wish.buyer,
    )
    if account:  # tax on top may lift a price over what the account takes
        limits.check_between(quote.amount, account.least_minor, account.most_minor)
    transaction, is_new = Transaction.objects.get_or_create(
        payer=wish.fan,
        idempotency_key=wish.idempotency_key,
        defaults={
            "cluster": wish.fan.cluster,
            "kind": wish.kind,
            "method": wish.method,
            "payee": wish.creator,
            "amount_minor": quote.amount.minor,
            "currency": wish.amount.currency,
            "platform_fee_minor": quote.platform_fee.minor,
            "processing_fee_minor": quote.processing_fee.minor,
            "net_minor": quote.net.minor,
            "tax_minor": quote.tax.minor,
            "tax_added_minor": quote.due.added.minor,
            "tax_place": quote.tax_place if quote.tax else "",
            "tax_lines": _kept(quote.due),
            "place_proofs": list(quote.proofs),
            "gateway": account.gateway if account else "",
            "merchant_account": account,
            "message": wish.message,
            "created_at": now,
            "last_word_at": now,
        },
    )
    if not is_new:
        return _same(transaction, wish), False
    TransactionEvent.objects.create(
        transaction=transaction, to_status=Status.CREATED, at=now, by=wish.fan.user,
        reason="Asked for by the payer",
    )  # fmt: skip
    audit.record(
        by=wish.fan.user,
        action="payments.started",
        subject=transaction,
        facts={
            "kind": wish.kind.value,
            "method": wish.method.value,
            "amount": str(quote.amount),
            **({"tax": str(quote.tax), "place": quote.tax_place} if quote.tax else {}),
        },
        cluster=wish.fan.cluster,
    )
    return transaction, True


def _kept(due: TaxQuote) -> list[dict[str, str | int]]:
    """Write what was quoted into the payment: it may be captured days later, by these rates."""
    return [
        {
            "rate": line.rate_id,
            "place": line.place,
            "kind": line.kind,
            "percent": str(line.percent),
            "base_minor": line.base.minor,
            "tax_minor": line.tax.minor,
        }
        for line in due.lines
    ]


def _same(first: Transaction, wish: _Wish) -> Transaction:
    creator_id = wish.creator.pk if wish.creator else None
    stored = (first.kind, first.method, first.price, first.payee_id, first.message)
    if stored != (wish.kind, wish.method, wish.amount, creator_id, wish.message):
        raise errors.KeyReused(transaction=str(first.public_id))
    return first
