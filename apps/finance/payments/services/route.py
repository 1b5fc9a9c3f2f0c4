"""Which of a brand's accounts take a payment, best first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.models import MerchantAccount
from apps.finance.payments.selectors.candidates import candidates_of
from apps.finance.routing import services as routing
from apps.finance.routing.choices import Why
from apps.finance.routing.rules import Candidate, Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.clusters.models import Cluster
    from apps.finance.routing.models import Decision

log = structlog.get_logger(__name__)


@joins_transaction
def choose(
    *,
    subject: str,
    cluster: Cluster,
    kind: str,
    method: str,
    amount: Money,
    now: datetime,
    country: str = "",
    card_brand: str = "",
    bin_digits: str = "",
    risk_score: int = 0,
    first_purchase: bool = False,
) -> list[MerchantAccount]:
    """Return the accounts that may take a payment, best first; the decision is kept with reasons.

    ``subject`` names the payment (``transaction:<public id>``): it decides about shares, and the
    decision is found by it. An account turned off a moment ago is left out.

    :raises NoMerchantAccount: the brand has none for this method
    :raises CurrencyNotOffered: it has, but in other currencies
    :raises AmountOutOfRange: none of them takes so little or so much
    :raises NoRoute: none of them may take it now; as the refusal takes the decision back with
        the rest, its reasons go into the log
    """
    facts = Facts(
        cluster=cluster.slug,
        kind=kind,
        amount=amount,
        country=country,
        card_brand=card_brand,
        bin=bin_digits,
        risk_score=risk_score,
        method=method,
        first_purchase=first_purchase,
    )
    candidates = candidates_of(cluster=cluster, now=now)
    of_method = [one for one in candidates if not one.methods or method in one.methods]
    if not of_method:
        raise errors.NoMerchantAccount()
    if all(one.currency != amount.currency for one in of_method):
        raise errors.CurrencyNotOffered(currency=amount.currency)
    decision = routing.decide(subject=subject, facts=facts, candidates=candidates, now=now)
    usable = MerchantAccount.objects.filter(is_active=True).in_bulk(decision.ranked)
    ranked = [usable[pk] for pk in decision.ranked if pk in usable]
    if not ranked:
        _refuse(decision, of_method, amount)
    return ranked


def _refuse(decision: Decision, of_method: Sequence[Candidate], amount: Money) -> None:
    """Say it is the amount when only that is wrong, as the payer can change it."""
    whys = {one["account"]: one["why"] for one in decision.excluded}
    takers = [one for one in of_method if one.currency == amount.currency]
    if takers and all(
        whys.get(one.account_id) in {Why.TOO_SMALL, Why.TOO_LARGE} for one in takers
    ):
        raise errors.AmountOutOfRange(
            amount=str(amount.decimal),
            least=str(Money(min(one.least_minor for one in takers), amount.currency).decimal),
            most=str(Money(max(one.most_minor for one in takers), amount.currency).decimal),
            currency=amount.currency,
        )
    log.warning("payments.no_route", subject=decision.subject, excluded=decision.excluded)
    raise errors.NoRoute(subject=decision.subject)


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
