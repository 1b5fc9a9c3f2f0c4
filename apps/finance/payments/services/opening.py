"""A new payment's row: what it costs, where it goes, and the same key always the same payment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.core.context import client_agent
from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import errors, selectors
from apps.finance.payments.choices import SALES, Kind, Method, Occasion, Status
from apps.finance.payments.models import MerchantAccount, Transaction, TransactionEvent
from apps.finance.payments.rules.fees import Quote
from apps.finance.payments.services.route import check_offer, facts_of
from apps.finance.payments.services.spending import check_spending
from apps.finance.payments.services.way import PayBy, Way, cards_of, find_way
from apps.finance.risk import services as risk
from apps.finance.risk.choices import Outcome
from apps.finance.tax.selectors import Buyer, TaxQuote


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
    subject: str = ""
    occasion: Occasion = Occasion.NONE
    #: What a gateway is to charge by itself: price, days until the first, days between, how often.
    renews: tuple[Money, int, int, int] | None = None


def first_by_key(wish: Wish) -> Transaction | None:
    """
    Return the payment that this key made before.

    :raises KeyReused: it was another one
    """
    first = Transaction.objects.filter(
        payer=wish.fan, idempotency_key=wish.idempotency_key
    ).first()
    return first and _same(first, wish)


@dataclass(frozen=True, slots=True)
class Opened:
    """``way`` is None where the key had made the payment before."""

    transaction: Transaction
    way: Way | None


@joins_transaction
def open_outside(wish: Wish, *, now: datetime) -> Opened | DomainError:
    """
    Open a payment at the account that routing puts first and risk allows; or return why there is
    none, to be raised when what was thought of it is committed.

    :raises NoMerchantAccount, CurrencyNotOffered, AmountOutOfRange: see ``route.check_offer``
    :raises SpendingLimitReached: a limit of the fan's own would be broken
    """
    quote = _quote(wish, now)
    if (twin := _held_to_limits(wish, quote, now)) is not None:
        return Opened(twin, None)
    cluster, by = wish.fan.cluster, wish.pay_by
    check_offer(
        cluster=cluster,
        method=wish.method,
        amount=quote.amount,
        now=now,
        only=cards_of(by.means).keys() if by.means else None,
    )
    judged = _judge(wish, quote, now)
    if isinstance(judged, Transaction):
        return Opened(judged, None)
    way = find_way(
        subject=judged.subject,
        cluster=cluster,
        facts=facts_of(
            cluster=cluster,
            kind=wish.kind,
            method=wish.method,
            amount=quote.amount,
            means=by.means,
            country=by.country,
            risk_score=judged.score,
            first_purchase=judged.first_purchase,
        ),
        pay_by=by,
        outcome=judged.outcome,
        now=now,
    )
    if isinstance(way, DomainError):
        return way
    transaction, _ = _open(
        wish, quote, account=way.account, public_id=judged.public_id, now=now, judged=judged
    )
    if way.outcome == Outcome.REVIEW != judged.outcome:
        risk.hold(subject=judged.subject, why="No account could have the payer's bank ask")
    return Opened(transaction, way)


@joins_transaction
def open_at(
    wish: Wish, *, account: MerchantAccount, now: datetime
) -> tuple[Transaction, Outcome | None]:
    """Open a payment at an account that is given already; also return what risk says of it, or
    None when it is not new."""
    quote = _quote(wish, now)
    judged = _judge(wish, quote, now)
    if isinstance(judged, Transaction):
        return judged, None
    transaction, _ = _open(
        wish, quote, account=account, public_id=judged.public_id, now=now, judged=judged
    )
    return transaction, judged.outcome


@joins_transaction
def open_inside(wish: Wish, *, now: datetime) -> tuple[Transaction, bool]:
    """
    Open a payment from the wallet; also return whether it is new.

    :raises SpendingLimitReached: a limit of the fan's own would be broken
    """
    quote = _quote(wish, now)
    if (twin := _held_to_limits(wish, quote, now)) is not None:
        return twin, False
    return _open(wish, quote, account=None, public_id=uuid.uuid4(), now=now)


@joins_transaction
def _held_to_limits(wish: Wish, quote: Quote, now: datetime) -> Transaction | None:
    """Hold a sale to the fan's own limits. Return what the same key made while this one waited
    for its turn: that one is what has used the limit up."""
    if wish.kind not in SALES:
        return None
    try:
        check_spending(profile_id=wish.fan.pk, amount=quote.amount, now=now)
    except errors.SpendingLimitReached:
        if (twin := first_by_key(wish)) is not None:
            return twin
        raise
    return None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What risk says of a payment that is about to be opened."""

    public_id: uuid.UUID
    outcome: Outcome
    score: int
    first_purchase: bool

    @property
    def subject(self) -> str:
        return f"transaction:{self.public_id}"


@joins_transaction
def _judge(wish: Wish, quote: Quote, now: datetime) -> _Judged | Transaction:
    """Return what risk says, or the payment that the same key made at the same time."""
    public_id = uuid.uuid4()
    first = not Transaction.objects.filter(payer=wish.fan, captured_at__isnull=False).exists()
    assessment = risk.assess(
        subject=f"transaction:{public_id}",
        facts=_risk_facts(wish, quote, first_purchase=first),
        now=now,
    )
    if (twin := first_by_key(wish)) is not None:  # asked at once: assessed one after the other
        risk.forget_twin(subject=assessment.subject)
        return twin
    return _Judged(public_id, Outcome(assessment.outcome), assessment.score, first)


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
    judged: _Judged | None = None,
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
            "tax_lines": tax_lines_of(quote.due),
            "place_proofs": list(quote.proofs),
            "gateway": account.gateway if account else "",
            "merchant_account": account,
            "message": wish.message,
            "subject": wish.subject,
            "occasion": wish.occasion,
            "renewal": _renewal(wish, now),
            "created_at": now,
            "last_word_at": now,
            **(_as_columns(wish, judged) if judged else {}),
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
            **({"subject": wish.subject} if wish.subject else {}),
            **({"tax": str(quote.tax), "place": quote.tax_place} if quote.tax else {}),
            **({"browser": browser} if (browser := client_agent.get()) else {}),
        },
        cluster=wish.fan.cluster,
    )
    return transaction, True


def _renewal(wish: Wish, now: datetime) -> dict[str, str | int]:
    """Write what a gateway is to charge later: all of it, with the tax of today on top."""
    if wish.renews is None:
        return {}
    price, first_days, days, times = wish.renews
    whole = _quote(replace(wish, amount=price), now).amount
    return {
        "amount_minor": whole.minor,
        "currency": whole.currency,
        "first_days": first_days,
        "days": days,
        "times": times,
    }


def _as_columns(wish: Wish, judged: _Judged) -> dict[str, object]:
    return {
        "payer_country": wish.pay_by.country[:2],
        "first_purchase": judged.first_purchase,
        "risk_outcome": judged.outcome,
        "risk_score": judged.score,
    }


def tax_lines_of(due: TaxQuote) -> list[dict[str, str | int]]:
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
    sold = (wish.kind, wish.method, wish.amount, creator_id, wish.message)
    stored = (first.kind, first.method, first.price, first.payee_id, first.message)
    named = (first.subject, first.occasion) == (wish.subject, wish.occasion)
    if stored != sold or not named:
        raise errors.KeyReused(transaction=str(first.public_id))
    return first
