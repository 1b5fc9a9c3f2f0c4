"""What of a payment went back, what still can, and from whose money."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q, Sum

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.choices import Kind
from apps.finance.payments.models import (
    DisputeRound,
    Refund,
    RefundPolicy,
    Reserve,
    Transaction,
)
from apps.finance.payments.rules import parts
from apps.finance.payments.rules.drafts import Funds
from apps.finance.payments.rules.parts import Part
from apps.finance.payments.rules.refunds import DEFAULT, LIVE, Policy, RefundState


def policy_of(*, cluster_id: int, currency: str, at: datetime) -> Policy:
    """Return the policy in force: the brand's own before everyone's, else the default."""
    row = _policy_row(cluster_id, currency, at)
    return row.policy if row else DEFAULT


def policy_is_by(*, user_id: int, cluster_id: int, currency: str, at: datetime) -> bool:
    """Test if a person set the policy in force."""
    row = _policy_row(cluster_id, currency, at)
    return row is not None and row.by_id == user_id


def _policy_row(cluster_id: int, currency: str, at: datetime) -> RefundPolicy | None:
    return (
        RefundPolicy.objects.filter(
            Q(cluster=cluster_id) | Q(cluster__isnull=True),
            currency=currency,
            effective_from__lte=at,
        )
        .order_by(F("cluster").asc(nulls_last=True), "-effective_from", "-id")
        .first()
    )


def whole_of(transaction: Transaction) -> Part:
    """Return the payment as a sale: the same as when it was booked."""
    nothing = Money.zero(transaction.currency)
    if transaction.kind == Kind.WALLET_DEPOSIT or transaction.payee_id is None:
        sale = postings.Sale(
            transaction.pk,
            transaction.cluster.slug,
            transaction.amount,
            (),
            (),
            transaction.processing_fee,
            nothing,
        )
        return Part(sale, ())
    lines = transaction.tax_lines
    sale = postings.sale_of(
        transaction_id=transaction.pk,
        cluster=transaction.cluster.slug,
        amount=transaction.amount,
        creators={transaction.payee_id: 1},
        platform_fee=transaction.platform_fee,
        processing_fee=transaction.processing_fee,
        taxes=[
            postings.Tax(line["place"], Money(line["tax_minor"], transaction.currency))
            for line in lines
        ],
    )
    return Part(sale, tuple(Money(line["base_minor"], transaction.currency) for line in lines))


def left_of(transaction: Transaction, whole: Part) -> Part:
    """Return what refunds and lost disputes, as they were booked, left of the payment."""
    refunds = Refund.objects.filter(transaction=transaction, state=RefundState.DONE)
    lost = DisputeRound.objects.filter(dispute__transaction=transaction, decision="LOST")
    written = [
        *refunds.values_list("part", flat=True),
        *(part for part in lost.values_list("part", flat=True) if part),
    ]
    return parts.less(whole, [parts.from_json(part, whole) for part in written])


def room_of(transaction: Transaction) -> Money:
    """Return how much of a payment can still go back: less live refunds, less disputes."""
    refunded = Refund.objects.filter(transaction=transaction, state__in=LIVE).aggregate(
        sum=Sum("amount_minor")
    )["sum"]
    return Money(
        transaction.amount_minor - (refunded or 0) - disputed_minor(transaction),
        transaction.currency,
    )


def disputed_minor(transaction: Transaction) -> int:
    """Return how much of a payment's own money banks have taken, decided or not."""
    covered = DisputeRound.objects.filter(dispute__transaction=transaction).aggregate(
        sum=Sum("covered_minor")
    )["sum"]
    return int(covered or 0)


def live_minor(transaction: Transaction) -> int:
    """Return the sum of a payment's live refunds."""
    found = Refund.objects.filter(transaction=transaction, state__in=LIVE)
    return int(found.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def funds_of(creators: Iterable[int], currency: str) -> Funds:
    """Return what creators have to pay back from.

    Shares kept back for other open disputes stay there: each case finds its own again.
    """
    funds = {}
    for creator_id in creators:
        kept = Reserve.objects.filter(
            creator=creator_id, currency=currency, released_at__isnull=True
        ).aggregate(sum=Sum("amount_minor"))["sum"]
        payable = ledger.available_of(postings.creator_payable(creator_id), currency)
        reserve = ledger.available_of(postings.creator_reserve(creator_id), currency)
        funds[creator_id] = postings.Funds(
            payable=_at_least_nothing(payable),
            reserve=_at_least_nothing(reserve - Money(kept or 0, currency)),
        )
    return funds


def _at_least_nothing(money: Money) -> Money:
    return max(money, Money.zero(money.currency))
