"""Whose charge a line of a card statement is. Anybody may ask, so the answer is brands alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from datetime import time as of_day
from decimal import Decimal

from django.db.models import Q

from apps.clusters.models import Cluster
from apps.clusters.selectors import active_clusters
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments.choices import Method
from apps.finance.payments.models import MerchantAccount, PaymentMethod, Transaction
from apps.finance.payments.rules.statements import best_matches

#: A bank writes a charge down on its day, by its own clock, or some days later.
_BEFORE, _AFTER = timedelta(days=5), timedelta(days=2)


def brands_of_text(text: str) -> list[Cluster]:
    """Return the brands whose statements show such a text, in the order they are shown; accounts
    of the past count too."""
    rows = MerchantAccount.objects.values_list("descriptor", "cluster_id").distinct()
    accounts = list(rows)
    found = best_matches(text, {descriptor for descriptor, _ in accounts})
    return _brands({cluster for descriptor, cluster in accounts if descriptor in found})


def brands_of_charge(*, on: date, amount: Decimal, last4: str) -> list[Cluster]:
    """Return the brands that charged so much to a card with these last four figures around a day.

    Cards that no gateway keeps for us are not found: we do not know their figures.
    """
    noon = datetime.combine(on, of_day(12), tzinfo=UTC)
    cards = PaymentMethod.objects.filter(last4=last4).values("profile_id")
    charged = Transaction.objects.filter(
        _is_so_much(amount),
        payer__in=cards,
        created_at__range=(noon - _BEFORE, noon + _AFTER),
        captured_at__isnull=False,
        method=Method.CARD,
    )
    return _brands(set(charged.values_list("cluster_id", flat=True).distinct()))


def _is_so_much(amount: Decimal) -> Q:
    """A statement need not say in which currency of ours it was; each has its own decimals."""
    found = Q(pk__in=[])
    for currency in MerchantAccount.objects.values_list("currency", flat=True).distinct():
        try:
            minor = Money.of(amount, currency).minor
        except DomainError:  # it has more decimals than the currency
            continue
        found |= Q(currency=currency, amount_minor=minor)
    return found


def _brands(pks: set[int]) -> list[Cluster]:
    return list(active_clusters().filter(pk__in=pks))
