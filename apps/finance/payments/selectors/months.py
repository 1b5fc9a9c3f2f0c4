"""What the card networks count of a month: sales and chargebacks of each account and network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.db.models import Count, Q, Sum

from apps.finance.payments.models import DisputeRound, FraudReport, MerchantAccount, Transaction

#: Reason codes of fraud: Visa's 10.x; Mastercard's 4837 and, until it was retired, 4863.
_FRAUD = Q(dispute__reason_code__startswith="10.") | Q(
    dispute__reason_code__in=["4837", "4863", "37", "63"]
)


@dataclass(frozen=True, slots=True)
class MonthCount:
    """One account and network in one month (UTC); amounts in the account's smallest unit."""

    account_id: int
    network: str
    sales: int = 0
    sales_minor: int = 0
    chargebacks: int = 0
    fraud_chargebacks: int = 0
    fraud_minor: int = 0
    fraud_reports: int = 0


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as other apps show it."""

    account_id: int
    label: str
    cluster: str
    gateway: str
    currency: str
    is_active: bool


def accounts() -> list[AccountRow]:
    """Return every account of cards, by id: there are dozens, not thousands."""
    rows = MerchantAccount.objects.select_related("cluster").order_by("id")
    return [
        AccountRow(row.pk, str(row), row.cluster.slug, row.gateway, row.currency, row.is_active)
        for row in rows
    ]


def month_counts(*, month: date) -> list[MonthCount]:
    """
    Return what happened in the month that begins on ``month``, from the rows themselves.

    Sales count when they were captured, chargebacks when the bank took the money, first rounds
    only: a second round is the same dispute. However often fraud is reported of a payment, it
    counts once.
    """
    since = datetime.combine(month, time(), UTC)
    until = datetime.combine(_next(month), time(), UTC)
    sold = (
        Transaction.objects.filter(
            merchant_account__isnull=False, captured_at__gte=since, captured_at__lt=until
        )
        .values("merchant_account", "card_network")
        .annotate(sales=Count("id"), sales_minor=Sum("amount_minor"))
    )
    taken = (
        DisputeRound.objects.filter(number=1, opened_at__gte=since, opened_at__lt=until)
        .values("dispute__transaction__merchant_account", "dispute__transaction__card_network")
        .annotate(
            chargebacks=Count("id"),
            fraud_chargebacks=Count("id", filter=_FRAUD),
            fraud_minor=Sum("amount_minor", filter=_FRAUD, default=0),
        )
    )
    reported = (
        FraudReport.objects.filter(reported_at__gte=since, reported_at__lt=until)
        .values("transaction__merchant_account", "transaction__card_network")
        .annotate(fraud_reports=Count("transaction", distinct=True))
    )
    return _joined(sold, taken, reported)


def _joined(*parts: Iterable[Mapping[str, Any]]) -> list[MonthCount]:
    found: dict[tuple[int, str], dict[str, int]] = {}
    for part in parts:
        for row in part:
            account, network, *counts = row.values()
            names = list(row)[2:]
            if account is not None:
                found.setdefault((account, network), {}).update(zip(names, counts, strict=True))
    return [
        MonthCount(account, network, **counts)
        for (account, network), counts in sorted(found.items())
    ]


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
