"""How well paying works, by gateway, account, brand, kind, method, country or card network."""

from __future__ import annotations

from typing import Any

from apps.core.db import reads_one_state
from apps.core.money import Money
from apps.finance.payments.selectors import cuts
from apps.finance.payments.selectors.cuts import Cut
from apps.finance.reports.rules.cuts import DayOfPayments, Part, PaymentsReport
from apps.finance.reports.rules.statements import Scope


@reads_one_state
def payments_by(by: str, scope: Scope) -> PaymentsReport:
    """Return the payments started in the scope's period, cut by one of ``Cut``, and by day.

    Amounts stay in their currency; parts and days have a row for each.

    :raises ValueError: payments are not cut by that
    """
    cut, period = Cut(by), scope.period
    asked: dict[str, Any] = {
        "start": period.start,
        "end": period.end,
        "cluster": scope.cluster,
        "currency": scope.currency,
    }
    return PaymentsReport(
        period=period,
        by=cut.value,
        brand=scope.cluster,
        currency=scope.currency,
        parts=tuple(
            Part(
                row.key,
                row.started,
                row.captured,
                row.declined,
                Money(row.gross_minor, row.currency),
                Money(row.cost_minor, row.currency),
            )
            for row in cuts.cut_by(cut, **asked)
        ),
        days=tuple(
            DayOfPayments(
                row.day,
                row.started,
                row.captured,
                row.declined,
                Money(row.gross_minor, row.currency),
            )
            for row in cuts.days_of(**asked)
        ),
    )
