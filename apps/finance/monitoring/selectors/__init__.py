"""Questions about monitoring."""

from __future__ import annotations

from datetime import datetime

from apps.finance.monitoring.models import Alert, MidMonth, Standing

#: Months a page shows.
SHOWN_MONTHS = 12
ROWS = 60


def open_alerts_since(limit: int) -> list[datetime]:
    """Return when the newest alerts nobody has noted were raised, at most ``limit``."""
    waiting = Alert.objects.filter(noted_at__isnull=True).order_by("-raised_at", "-id")
    return list(waiting.values_list("raised_at", flat=True)[:limit])


def months_of(account_id: int) -> list[MidMonth]:
    """Return an account's newest months, the newest first."""
    rows = MidMonth.objects.filter(account_id=account_id).order_by("-month", "network")
    return list(rows[:ROWS])


def standings_of(standing: Standing) -> list[Standing]:
    """Return the account's standings of the same month, the worst first."""
    rows = Standing.objects.filter(account_id=standing.account_id, month=standing.month)
    return list(rows.order_by("-reach_bps", "programme"))


def reaches_of(standing: Standing) -> list[Standing]:
    """Return the account's standings in the same programme, of the last months, oldest first."""
    rows = Standing.objects.filter(
        account_id=standing.account_id, programme=standing.programme, month__lte=standing.month
    )
    return list(rows.order_by("-month")[:SHOWN_MONTHS])[::-1]


def alerts_of(account_id: int) -> list[Alert]:
    """Return an account's newest alerts."""
    rows = Alert.objects.filter(account_id=account_id).select_related("noted_by")
    return list(rows.order_by("-id")[:ROWS])
