"""What the console's home asks of the books."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Sum

from apps.core.money import Money
from apps.finance.ledger.models import Line
from apps.finance.ledger.postings import PLATFORM_REVENUE


def revenue_between(*, since: datetime, until: datetime) -> list[Money]:
    """Return platform revenue posted in a period, per currency; corrections count against it."""
    rows = (
        Line.objects.filter(
            account__code=PLATFORM_REVENUE.code,
            account__owner=PLATFORM_REVENUE.owner,
            effective_on__gte=since.date(),
            effective_on__lt=until.date(),
        )
        .values("currency")
        .annotate(total=Sum("amount_minor"))
        .order_by("currency")
    )
    return [Money(-int(row["total"]), row["currency"]) for row in rows]
