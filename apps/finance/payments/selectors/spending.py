"""What fans let themselves spend, and what they have spent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.accounts.models import Profile
from apps.core.db import Bigints, Texts, prepared_rows
from apps.core.money import Money
from apps.finance.payments.choices import PAID, Status
from apps.finance.payments.models import SpendingLimit
from apps.finance.payments.rules.spending import Per, window_of

#: Money that is taken, or still may be. What was declined or given up counts no more.
COUNTED = sorted(
    PAID
    | {
        Status.CREATED,
        Status.REQUIRES_ACTION,
        Status.PROCESSING,
        Status.AUTHORISED,
        Status.UNKNOWN,
    }
)
#: A payment is captured so much after it was begun at most; later it counts by its beginning.
_LONGEST = timedelta(days=31)

#: Fan and currency.
Purse = tuple[int, str]

_LIMITS = """
SELECT profile_id, currency, per, amount_minor, effective_from
  FROM payments_spendinglimit
 WHERE profile_id = ANY(%s::bigint[]) AND withdrawn_at IS NULL
   AND effective_from <= %s::timestamptz
 ORDER BY profile_id, currency, per, effective_from, id
"""
_SPENT = """
SELECT payer_id, currency,
       coalesce(sum(left_minor) FILTER (WHERE at >= day), 0)::bigint,
       coalesce(sum(left_minor) FILTER (WHERE at >= week), 0)::bigint,
       coalesce(sum(left_minor) FILTER (WHERE at >= month), 0)::bigint
  FROM (SELECT t.payer_id, t.currency, t.amount_minor - t.refunded_minor AS left_minor,
               coalesce(t.captured_at, t.created_at) AS at, w.day, w.week, w.month
          FROM payments_transaction t,
               (SELECT %s::timestamptz AS day, %s::timestamptz AS week, %s::timestamptz AS month,
                       %s::timestamptz AS since) w
         WHERE t.payer_id = ANY(%s::bigint[]) AND t.created_at >= w.since
           AND t.kind <> 'WALLET_DEPOSIT' AND t.status = ANY(%s::text[])) sold
 GROUP BY payer_id, currency
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A fan's limit for a window. ``limit`` None: none now; ``then`` counts from ``then_at``."""

    per: Per
    limit: Money | None
    spent: Money
    resets_at: datetime
    then: Money | None = None
    then_at: datetime | None = None

    @property
    def left(self) -> Money | None:
        if self.limit is None:
            return None
        return max(self.limit - self.spent, Money.zero(self.limit.currency))

    @property
    def percent(self) -> int:
        """How much of the limit is spent, for a bar."""
        if not self.limit:
            return 0
        return min(100, self.spent.minor * 100 // self.limit.minor)


def limits_of_many(
    profile_ids: Collection[int], *, now: datetime, lock: bool = False
) -> dict[Purse, dict[Per, int]]:
    """Return the limits in force, by fan and currency. ``lock``: whoever judges by them waits
    for each other until the end of the transaction."""
    found: dict[Purse, dict[Per, int]] = defaultdict(dict)
    statement = f"{_LIMITS} FOR UPDATE" if lock else _LIMITS
    rows = prepared_rows(statement, (Bigints(profile_ids), now.isoformat()))
    for profile_id, currency, per, minor, _ in rows:
        if minor is None:
            found[profile_id, currency].pop(Per(per), None)
        else:
            found[profile_id, currency][Per(per)] = minor
    return {purse: limits for purse, limits in found.items() if limits}


def spent_by_many(profile_ids: Collection[int], *, now: datetime) -> dict[Purse, dict[Per, int]]:
    """Return what fans paid creators in the windows of now, less what went back; deposits count
    when they are spent."""
    starts = {per: window_of(per, now)[0] for per in Per}
    rows = prepared_rows(
        _SPENT,
        (
            *[starts[per].isoformat() for per in Per],
            (min(starts.values()) - _LONGEST).isoformat(),
            Bigints(profile_ids),
            Texts(COUNTED),
        ),
    )
    return {
        (payer_id, currency): dict(zip(Per, sums, strict=True))
        for payer_id, currency, *sums in rows
    }


def spending_of(profile: Profile, *, currency: str, now: datetime) -> list[Standing]:
    """Return a fan's limits of day, week and month, set or not, and what is spent of each."""
    purse = (profile.pk, currency)
    limits = limits_of_many([profile.pk], now=now).get(purse, {})
    spent = spent_by_many([profile.pk], now=now).get(purse, {})
    later = {
        row.per: row
        for row in SpendingLimit.objects.filter(
            profile=profile, currency=currency, withdrawn_at__isnull=True, effective_from__gt=now
        ).order_by("id")
    }
    standings = []
    for per in Per:
        then = later.get(per)
        minor = then.amount_minor if then else None
        standings.append(
            Standing(
                per=per,
                limit=Money(limits[per], currency) if per in limits else None,
                spent=Money(spent.get(per, 0), currency),
                resets_at=window_of(per, now)[1],
                then=Money(minor, currency) if minor is not None else None,
                then_at=then.effective_from if then else None,
            )
        )
    return standings
