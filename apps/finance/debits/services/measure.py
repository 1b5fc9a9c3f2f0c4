"""Measure how much of what we collect comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import Count
from django.db.transaction import atomic

from apps.finance.debits.choices import SCHEME_OF, ItemKind, ItemState
from apps.finance.debits.models import BankItem, FileItem, ReturnRate
from apps.finance.debits.rules.codes import ADMINISTRATIVE, UNAUTHORISED
from apps.finance.debits.rules.returns import WINDOW_DAYS, shares
from apps.finance.payments.selectors.banks import bank_accounts

log = structlog.get_logger(__name__)


@atomic
def measure_returns(*, now: datetime) -> int:
    """
    Measure today's rates of every account that collects; return how many are near a line. Again on
    the same day: the figures are made anew. Two statements read, however many debits there are.
    """
    since = now - timedelta(days=WINDOW_DAYS)
    entries = dict(
        FileItem.objects.filter(file__handed_at__gte=since, debit__isnull=False)
        .values_list("file__merchant_account_id")
        .annotate(count=Count("id"))
    )
    codes: dict[int, dict[str, int]] = {}
    told = (
        BankItem.objects.filter(
            file__received_at__gte=since,
            kind=ItemKind.RETURN,
            state=ItemState.APPLIED,
            debit__isnull=False,
        )
        .values_list("file__merchant_account_id", "code")
        .annotate(count=Count("id"))
    )
    for account_id, code, count in told:
        codes.setdefault(account_id, {})[code] = count
    return sum(
        _keep(account.pk, entries.get(account.pk, 0), codes.get(account.pk, {}), now)
        for account in bank_accounts(gateways=tuple(SCHEME_OF))
    )


def _keep(account_id: int, entries: int, codes: dict[str, int], now: datetime) -> bool:
    if not entries:
        return False
    counts = {
        "entries": entries,
        "unauthorised": sum(codes.get(code, 0) for code in UNAUTHORISED),
        "administrative": sum(codes.get(code, 0) for code in ADMINISTRATIVE),
        "returned": sum(codes.values()),
    }
    is_near = any(share.is_near for share in shares(**counts))
    ReturnRate.objects.update_or_create(
        merchant_account_id=account_id,
        day=now.date(),
        defaults={**counts, "is_near": is_near, "measured_at": now},
    )
    if is_near:
        log.warning("debit_returns_near_line", account=account_id, **counts)
    return is_near
