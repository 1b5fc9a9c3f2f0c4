"""A new payment's row: what it costs, where it goes, and the same key always the same payment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import errors, selectors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.choices import AttemptKind, Kind, Method, Status
from apps.finance.payments.models import (
    MerchantAccount,
    PaymentMethod,
    Transaction,
    TransactionEvent,
)
from apps.finance.payments.rules import limits
from apps.finance.payments.rules.fees import Quote
from apps.finance.payments.services.route import choose
from apps.finance.risk import services as risk
from apps.finance.risk.choices import Outcome
from apps.finance.tax.selectors import Buyer, TaxQuote


@dataclass(frozen=True, slots=True)
class PayBy:
    """How the payer wants to pay at a gateway; not part of what is paid."""

    kind: AttemptKind = AttemptKind.HOSTED
    #: The stored means to charge; with ``AttemptKind.STORED`` only.
    means: PaymentMethod | None = None
    #: The payer wants the means kept for later.
    keep: bool = False
    #: Where the payer is, as far as known (ISO 3166).
    country: str = ""
    ip: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
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
    pay_by: PayBy = field(default_factory=PayBy)


def first_by_key(wish: Wish) -> Transaction | None:
    """
    Return the payment that this key made before.

    :raises KeyReused: it was another one
    """
    first = Transaction.objects.filter(
        payer=wish.fan, idempotency_key=wish.idempotency_key
    ).first()
    return first and _same(first, wish)


@joins_transaction
def open_outside(wish: Wish, *, now: datetime) -> tuple[Transaction, Outcome | None]:
    """
    Open a payment at the account that routing puts first; also return what risk says of it, or
    None when it is not new.

    :raises NoMerchantAccount, CurrencyNotOffered, AmountOutOfRange, NoRoute: see ``route.choose``
    """
    quote = _quote(wish, now)
    public_id = uuid.uuid4()
    first = not Transaction.objects.filter(payer=wish.fan, captured_at__isnull=False).exists()
    assessment = risk.assess(
        subject=f"transaction:{public_id}",
        facts=_risk_facts(wish, quote, first_purchase=first),
        now=now,
    )
    [account, *_] = _accounts_for(
        wish, quote, public_id, now, first_purchase=first, score=assessment.score
    )
    transaction, is_new = _open(wish, quote, account=account, public_id=public_id, now=now)
    return transaction, Outcome(assessment.outcome) if is_new else None


@joins_transaction
def open_at(wish: Wish, *, account: MerchantAccount, now: datetime) -> tuple[Transaction, bool]:
    """Open a payment at an account that is given already; also return whether it is new."""
    return _open(wish, _quote(wish, now), account=account, public_id=uuid.uuid4(), now=now)


@joins_transaction
def open_inside(wish: Wish, *, now: datetime) -> tuple[Transaction, bool]:
    """Open a payment from the wallet; also return whether it is new."""
    return _open(wish, _quote(wish, now), account=None, public_id=uuid.uuid4(), now=now)


def can_take(account: MerchantAccount, kind: AttemptKind) -> bool:
    """Test if an account's gateway offers a kind of checkout."""
    able = gateway_for(account.gateway).capabilities
    offered = {
        AttemptKind.HOSTED: able.hosted_page,
        AttemptKind.FIELDS: able.fields,
        AttemptKind.STORED: able.token_charge,
    }
    return offered[kind]


def _accounts_for(
    wish: Wish,
    quote: Quote,
    public_id: uuid.UUID,
    now: datetime,
    *,
    first_purchase: bool,
    score: int,
) -> list[MerchantAccount]:
    if wish.pay_by.means is not None:
        return [_account_of_means(wish.pay_by.means, quote.amount)]
    ranked = choose(
        subject=f"transaction:{public_id}",
        cluster=wish.fan.cluster,
        kind=wish.kind,
        method=wish.method,
        amount=quote.amount,
        now=now,
        country=wish.pay_by.country[:2],
        first_purchase=first_purchase,
        risk_score=score,
    )
    able = [account for account in ranked if can_take(account, wish.pay_by.kind)]
    if not able:
        raise errors.NoMerchantAccount()
    return able


def _risk_facts(wish: Wish, quote: Quote, *, first_purchase: bool) -> risk.RiskFacts:
    means = wish.pay_by.means
    return risk.RiskFacts(
        cluster=wish.fan.cluster.slug,
        payer_id=wish.fan.pk,
        amount=quote.amount,
        kind=wish.kind,
        method=wish.method,
        ip=wish.pay_by.ip,
        email=wish.fan.user.email,
        fingerprint=means.fingerprint if means else "",
        bin=means.bin if means else "",
        country_card=means.country if means else "",
        country_place=wish.buyer.declared[:2] if wish.buyer else "",
        country_ip=wish.pay_by.country[:2],
        account_created_at=wish.fan.user.date_joined,
        first_purchase=first_purchase,
    )


def _account_of_means(means: PaymentMethod, amount: Money) -> MerchantAccount:
    """A stored means can be charged where it is stored, nowhere else."""
    account = means.merchant_account
    if not account.is_active or not can_take(account, AttemptKind.STORED):
        raise errors.NoMerchantAccount()
    if account.currency != amount.currency:
        raise errors.CurrencyNotOffered(currency=amount.currency)
    limits.check_between(amount, account.least_minor, account.most_minor)
    return account


def _quote(wish: Wish, now: datetime) -> Quote:
    return selectors.quote(
        cluster=wish.fan.cluster,
        kind=wish.kind,
        method=wish.method,
        amount=wish.amount,
        at=now,
        buyer=wish.buyer,
    )


def _open(
    wish: Wish,
    quote: Quote,
    *,
    account: MerchantAccount | None,
    public_id: uuid.UUID,
    now: datetime,
) -> tuple[Transaction, bool]:
    transaction, is_new = Transaction.objects.get_or_create(
        payer=wish.fan,
        idempotency_key=wish.idempotency_key,
        defaults={
            "public_id": public_id,
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


def _same(first: Transaction, wish: Wish) -> Transaction:
    creator_id = wish.creator.pk if wish.creator else None
    stored = (first.kind, first.method, first.price, first.payee_id, first.message)
    if stored != (wish.kind, wish.method, wish.amount, creator_id, wish.message):
        raise errors.KeyReused(transaction=str(first.public_id))
    return first
