"""Which of a brand's accounts take a payment, best first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.rules.cards import card_of
from apps.finance.payments.selectors.candidates import candidates_of
from apps.finance.routing import services as routing
from apps.finance.routing.rules import Candidate, Facts

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from apps.clusters.models import Cluster
    from apps.finance.payments.models import PaymentMethod, Transaction

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ranked:
    """The accounts that may take a payment, best first; or why none may, to be raised once the
    decision is committed."""

    accounts: tuple[MerchantAccount, ...] = ()
    refusal: DomainError | None = None


def facts_of(
    *,
    cluster: Cluster,
    kind: str,
    method: str,
    amount: Money,
    means: PaymentMethod | None = None,
    country: str = "",
    risk_score: int = 0,
    first_purchase: bool = False,
) -> Facts:
    """Return what routing is told of a payment; of its card only where a stored one is used."""
    return Facts(
        cluster=cluster.slug,
        kind=kind,
        amount=amount,
        country=country[:2],
        card_brand=card_of({"card_brand": means.brand}).network if means else "",
        bin=means.bin if means else "",
        risk_score=risk_score,
        method=method,
        first_purchase=first_purchase,
    )


@joins_transaction
def rank_again(
    *,
    transaction: Transaction,
    now: datetime,
    means: PaymentMethod | None = None,
    only: Collection[int] | None = None,
) -> Ranked:
    """Rank the accounts for another try of a payment, from all that was known at its start.

    See ``rank``.
    """
    return rank(
        subject=f"transaction:{transaction.public_id}",
        cluster=transaction.cluster,
        facts=facts_of(
            cluster=transaction.cluster,
            kind=transaction.kind,
            method=transaction.method,
            amount=transaction.amount,
            means=means,
            country=transaction.payer_country,
            risk_score=transaction.risk_score,
            first_purchase=transaction.first_purchase,
        ),
        now=now,
        only=only,
    )


@joins_transaction
def rank(
    *,
    subject: str,
    cluster: Cluster,
    facts: Facts,
    now: datetime,
    only: Collection[int] | None = None,
) -> Ranked:
    """Rank the brand's accounts for a payment. The decision is kept with its reasons, also one
    that no account comes of; what the payer can change (method, currency, amount) is refused
    before there is anything to decide.

    ``subject`` names the payment (``transaction:<public id>``): it decides about shares, and the
    decision is found by it. ``only`` these accounts: where the card is stored. An account turned
    off a moment ago is left out. The refusal is NoMerchantAccount, CurrencyNotOffered,
    AmountOutOfRange or NoRoute.
    """
    found = candidates_of(cluster=cluster, now=now)
    of_method = _of(found, facts.method, only)
    if (refusal := _not_offered(of_method, facts.amount)) is not None:
        return Ranked(refusal=refusal)
    candidates = of_method if only is not None else found
    decision = routing.decide(subject=subject, facts=facts, candidates=candidates, now=now)
    usable = MerchantAccount.objects.filter(is_active=True).in_bulk(decision.ranked)
    ranked = tuple(usable[pk] for pk in decision.ranked if pk in usable)
    if ranked:
        return Ranked(ranked)
    log.warning("payments.no_route", subject=subject, excluded=decision.excluded)
    return Ranked(refusal=errors.NoRoute(subject=subject))


def check_offer(
    *,
    cluster: Cluster,
    method: str,
    amount: Money,
    now: datetime,
    only: Collection[int] | None = None,
) -> None:
    """
    Answer only if the brand takes such a payment at all; what is wrong, the payer can change.

    :raises NoMerchantAccount: the brand has no account for this method, or none of ``only``
    :raises CurrencyNotOffered: it has, but in other currencies
    :raises AmountOutOfRange: none of them takes so little or so much
    """
    found = candidates_of(cluster=cluster, now=now)
    if (refusal := _not_offered(_of(found, method, only), amount)) is not None:
        raise refusal


def _of(found: Sequence[Candidate], method: str, only: Collection[int] | None) -> list[Candidate]:
    return [
        one
        for one in found
        if (not one.methods or method in one.methods) and (only is None or one.account_id in only)
    ]


def _not_offered(of_method: Sequence[Candidate], amount: Money) -> DomainError | None:
    if not of_method:
        return errors.NoMerchantAccount()
    takers = [one for one in of_method if one.currency == amount.currency]
    if not takers:
        return errors.CurrencyNotOffered(currency=amount.currency)
    if any(one.least_minor <= amount.minor <= one.most_minor for one in takers):
        return None
    return errors.AmountOutOfRange(
        amount=str(amount.decimal),
        least=str(Money(min(one.least_minor for one in takers), amount.currency).decimal),
        most=str(Money(max(one.most_minor for one in takers), amount.currency).decimal),
        currency=amount.currency,
    )


@transaction.atomic
def sync_routes(*, now: datetime) -> int:
    """Tell routing which accounts there are, so that its rules can name them."""
    accounts = MerchantAccount.objects.select_related("cluster").order_by("id")
    return routing.sync_routes(
        rows=[
            routing.RouteRow(
                account_id=account.pk,
                gateway=account.gateway,
                label=f"{account} ({account.cluster.name}, {account.currency})",
                cluster=account.cluster.slug,
                currency=account.currency,
                is_active=account.is_active,
            )
            for account in accounts
        ],
        now=now,
    )
