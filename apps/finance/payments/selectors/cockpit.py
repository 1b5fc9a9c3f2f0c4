"""How accounts and gateways do: tries by day, why they were declined, what a month has taken.

All of it is read by account and time, which ``Attempt`` is indexed by.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import TruncDate

from apps.core.http import open_services
from apps.finance.payments.choices import AttemptStatus, Gateway, WebhookStatus
from apps.finance.payments.models import Attempt, MerchantAccount, WebhookEvent
from apps.finance.payments.selectors.candidates import Tries, taken_of, tries_of

DAYS = 30
REASONS = 20


class TriedDay(NamedTuple):
    """What came of the tries begun on a day, UTC."""

    day: date
    paid: int
    declined: int
    troubled: int


class Reason(NamedTuple):
    """Why tries were declined, in the gateway's words."""

    code: str
    reason: str
    tries: int


class GatewayNow(NamedTuple):
    """A gateway at this moment; tries of the last 24 hours."""

    gateway: Gateway
    accounts: int
    is_open: bool
    tries: Tries
    waiting: int
    heard_at: datetime | None


def tried_days(*, account_ids: list[int], now: datetime) -> list[TriedDay]:
    """Return the last days of accounts, each day once, the oldest first; days without a try are
    there too. One query."""
    first = (now - timedelta(days=DAYS - 1)).astimezone(UTC).date()
    rows = (
        _lately(account_ids, now)
        .annotate(day=TruncDate("started_at", tzinfo=UTC))
        .values_list("day")
        .annotate(
            paid=Count("id", filter=Q(status=AttemptStatus.PAID)),
            declined=Count("id", filter=Q(status=AttemptStatus.DECLINED)),
            troubled=Count(
                "id", filter=Q(status__in=[AttemptStatus.NOT_SENT, AttemptStatus.UNKNOWN])
            ),
        )
    )
    found = {row[0]: TriedDay(*row) for row in rows}
    days = (first + timedelta(days=n) for n in range(DAYS))
    return [found.get(day, TriedDay(day, 0, 0, 0)) for day in days]


def decline_reasons(*, account_ids: list[int], now: datetime) -> list[Reason]:
    """Return why the accounts' tries of the last days were declined, the most frequent first."""
    rows = (
        _lately(account_ids, now)
        .filter(status=AttemptStatus.DECLINED)
        .values_list("code", "reason")
        .annotate(tries=Count("id"))
        .order_by("-tries", "code", "reason")[:REASONS]
    )
    return [Reason(*row) for row in rows]


def accounts_at(gateway: str) -> list[MerchantAccount]:
    rows = MerchantAccount.objects.filter(gateway=gateway).select_related("cluster")
    return list(rows.order_by("cluster__position", "id"))


def taken_this_month(account: MerchantAccount, *, now: datetime) -> int:
    """Return what an account took in this month (UTC), in its smallest unit."""
    return taken_of([account.pk], now).get(account.pk, 0)


def gateways_now(*, now: datetime) -> list[GatewayNow]:
    """Return every gateway. As many queries however many accounts there are."""
    of: dict[str, list[MerchantAccount]] = {}
    for account in MerchantAccount.objects.all():
        of.setdefault(account.gateway, []).append(account)
    tries = tries_of([account.pk for some in of.values() for account in some], now)
    down = open_services({gateway.value for gateway in Gateway})
    inbox = WebhookEvent.objects.filter(received_at__gte=now - timedelta(days=DAYS))
    heard = dict(inbox.values_list("gateway").annotate(last=Max("received_at")))
    waiting = dict(
        WebhookEvent.objects.filter(status=WebhookStatus.RECEIVED)
        .values_list("gateway")
        .annotate(count=Count("id"))
    )
    return [
        GatewayNow(
            gateway=gateway,
            accounts=sum(account.is_active for account in of.get(gateway, [])),
            is_open=gateway not in down,
            tries=_sum([tries.get(account.pk, Tries()) for account in of.get(gateway, [])]),
            waiting=waiting.get(gateway, 0),
            heard_at=heard.get(gateway),
        )
        for gateway in Gateway
    ]


def _sum(tries: list[Tries]) -> Tries:
    return Tries(
        paid=sum(one.paid for one in tries),
        declined=sum(one.declined for one in tries),
        lately=sum(one.lately for one in tries),
        troubled=sum(one.troubled for one in tries),
    )


def _lately(account_ids: list[int], now: datetime) -> QuerySet[Attempt]:
    first = (now - timedelta(days=DAYS - 1)).astimezone(UTC)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return Attempt.objects.filter(
        merchant_account__in=account_ids, started_at__gte=midnight, started_at__lte=now
    )
