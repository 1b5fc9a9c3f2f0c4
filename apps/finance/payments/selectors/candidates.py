"""The accounts that may take a brand's payment, with what routing weighs them by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Q, Sum

from apps.core.http import open_services
from apps.core.memory import Memory
from apps.core.money import BPS_WHOLE
from apps.finance.payments.choices import AttemptStatus
from apps.finance.payments.models import Attempt, MerchantAccount, Transaction
from apps.finance.routing import selectors as routing
from apps.finance.routing.rules import Candidate

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: How far back success is measured, and how lately a gateway must have answered.
SUCCESS_OF = timedelta(hours=24)
HEALTH_OF = timedelta(minutes=15)
#: So many tries that never arrived or never ended, and at least half of all: it is failing.
TROUBLES_TO_FAIL = 5
_TROUBLE = Q(status__in=[AttemptStatus.NOT_SENT, AttemptStatus.UNKNOWN])


@dataclass(frozen=True, slots=True)
class Tries:
    """What came of an account's tries lately."""

    paid: int = 0
    declined: int = 0
    #: Of the last minutes: all that ended, and those whose gateway was in trouble.
    lately: int = 0
    troubled: int = 0

    @property
    def samples(self) -> int:
        return self.paid + self.declined

    @property
    def success_bps(self) -> int | None:
        return self.paid * BPS_WHOLE // self.samples if self.samples else None

    @property
    def is_failing(self) -> bool:
        return self.troubled >= TROUBLES_TO_FAIL and 2 * self.troubled >= self.lately


_kept: Memory[tuple[Candidate, ...]] = Memory()


def candidates_of(*, cluster: Cluster, now: datetime) -> tuple[Candidate, ...]:
    """Return the brand's active accounts as they stand, up to ``settings.MEMORY_SECONDS`` old.

    Three or four queries when it is time to look again, none otherwise.
    """
    return _kept.get_or_make(cluster.pk, lambda: read_candidates(cluster=cluster, now=now))


def forget_candidates() -> None:
    """Look anew at the next payment, in this process."""
    _kept.forget()


def read_candidates(*, cluster: Cluster, now: datetime) -> tuple[Candidate, ...]:
    """Return them as they stand this moment."""
    accounts = list(MerchantAccount.objects.filter(cluster=cluster, is_active=True).order_by("id"))
    ids = [account.pk for account in accounts]
    tries = tries_of(ids, now)
    taken = taken_of([account.pk for account in accounts if account.monthly_cap_minor], now)
    ratios = routing.ratios(account_ids=ids) if ids else {}
    down = open_services({account.gateway for account in accounts}) if accounts else set()
    found = []
    for account in accounts:
        tried = tries.get(account.pk, Tries())
        cap = account.monthly_cap_minor
        ratio = ratios.get(account.pk)
        found.append(
            Candidate(
                account_id=account.pk,
                gateway=account.gateway,
                label=str(account),
                currency=account.currency,
                least_minor=account.least_minor,
                most_minor=account.most_minor,
                cost_bps=account.cost_bps,
                cost_fixed_minor=account.cost_fixed_minor,
                success_bps=tried.success_bps,
                samples=tried.samples,
                healthy=account.gateway not in down and not tried.is_failing,
                cap_minor=cap,
                cap_left_minor=None if cap is None else cap - taken.get(account.pk, 0),
                ratio_bps=ratio[0] if ratio else None,
                ratio_limit_bps=ratio[1] if ratio else None,
                countries=frozenset(account.countries),
                card_brands=frozenset(account.card_brands),
                methods=frozenset({account.method.value}),
                opens_on=account.processes_from,
                closes_on=account.processes_until,
            )
        )
    return tuple(_with_a_way_out(found))


def _with_a_way_out(found: Sequence[Candidate]) -> list[Candidate]:
    """Health chooses between accounts. Where all of a currency and method fail, each is tried:
    a breaker is often another service of the same gateway, and no payment at all is worse."""
    well = {(one.currency, one.methods) for one in found if one.healthy}
    return [
        one if (one.currency, one.methods) in well else replace(one, healthy=True) for one in found
    ]


def tries_of(ids: list[int], now: datetime) -> dict[int, Tries]:
    """Return what came of accounts' tries of the last 24 hours; those without are left out."""
    if not ids:
        return {}
    ended_lately = Q(started_at__gte=now - HEALTH_OF) & ~Q(
        status__in=[AttemptStatus.CREATED, AttemptStatus.SENT, AttemptStatus.WAITING]
    )
    rows = (
        Attempt.objects.filter(merchant_account__in=ids, started_at__gte=now - SUCCESS_OF)
        .values("merchant_account")
        .annotate(
            paid=Count("id", filter=Q(status=AttemptStatus.PAID)),
            declined=Count("id", filter=Q(status=AttemptStatus.DECLINED)),
            lately=Count("id", filter=ended_lately),
            troubled=Count("id", filter=ended_lately & _TROUBLE),
        )
    )
    return {
        row["merchant_account"]: Tries(
            row["paid"], row["declined"], row["lately"], row["troubled"]
        )
        for row in rows
    }


def taken_of(ids: list[int], now: datetime) -> dict[int, int]:
    """Return what each has taken in this month (UTC), in its currency; refunds give no room."""
    if not ids:
        return {}
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = (
        Transaction.objects.filter(merchant_account__in=ids, captured_at__gte=start)
        .values("merchant_account")
        .annotate(taken=Sum("amount_minor"))
    )
    return {row["merchant_account"]: row["taken"] for row in rows}
