"""Take subscriptions that are due, each by one worker, with all that a renewal needs to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from apps.core.db import Bigints, joins_transaction, prepared_rows
from apps.finance.subscriptions.choices import EndReason


@dataclass(frozen=True, slots=True)
class Road:
    """One kind of what is due: ``where`` tells it by the columns of the subscription ``s``."""

    name: str
    where: str
    due: str = "due_at"


# What is paid for is never charged, whatever ``due_at`` says; nor is anybody who must be reminded
# before (rules/reminders.py) and was not.
_RENEWS = (
    "s.state IN ('TRIALING', 'ACTIVE', 'PAST_DUE') AND NOT s.cancel_at_end"
    " AND s.due_at >= s.current_until AND s.remind_at IS NULL AND s.renews_by = "
)
WALLETS = Road("wallets", f"{_RENEWS}'WALLET'")
MEANS = Road("means", f"{_RENEWS}'MEANS'")
GATEWAYS = Road("gateways", f"{_RENEWS}'GATEWAY'")
ENDS = Road(
    "ends",
    "s.state IN ('TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED')"
    " AND (s.cancel_at_end OR (s.renews_by = 'NOBODY' AND s.state <> 'PAUSED'))",
)
UNPAID = Road("never paid for", "s.state = 'INCOMPLETE'")
REMINDERS = Road(
    "reminders",
    "s.state IN ('TRIALING', 'ACTIVE', 'PAUSED') AND NOT s.cancel_at_end",
    due="remind_at",
)
PAUSES = Road("pauses", "s.state = 'PAUSED' AND NOT s.cancel_at_end")


class Due(NamedTuple):
    """A subscription whose row is locked, and what of its surroundings a renewal needs."""

    pk: int
    public_id: str
    fan_id: int
    creator_id: int
    cluster_id: int
    plan_id: int
    price_id: int | None
    tier: int
    months: int
    amount_minor: int
    currency: str
    state: str
    renews_by: str
    zone: str
    anchored_at: datetime
    anchored_number: int
    number: int  #: of the period that is paid
    until: datetime  #: it is paid until here
    access_until: datetime | None
    tries: int
    started_at: datetime
    reminded_at: datetime | None
    buyer_country: str
    held_why: str
    cancelled: bool
    cancel_reason: str
    left: int | None  #: periods the promotion is still good for
    promotion_id: int | None
    next_plan_id: int | None
    next_price_id: int | None
    change_id: int | None
    consent: str
    means_id: int | None
    first_transaction_id: int | None
    cluster: str
    user_id: int
    fan: str
    creator: str
    plan: str
    first_try_at: datetime | None  #: of the period that is due; None: none failed yet
    last_try_at: datetime | None
    is_last_try: bool  #: nothing is tried again by itself
    gone: EndReason  #: why nobody may be charged any more: an account is closed, or a minor's


# The row is read by the statement that locks it: what another worker or a cancel committed a
# moment ago is seen, and what does not fit the road any more is left out. Moments come as text:
# read by C, they take a fraction of what Django takes for each.
_CLAIM = """
WITH s AS MATERIALIZED (
    SELECT s.id, s.public_id, s.fan_id, s.creator_id, s.cluster_id, s.plan_id, s.price_id, s.tier,
           s.months, s.amount_minor, s.currency, s.state, s.renews_by, s.timezone, s.anchored_at,
           s.anchored_number, s.period_number, s.current_until, s.access_until, s.tries,
           s.started_at, s.reminded_at, s.buyer_country, s.held_why, s.cancel_at_end,
           s.cancel_reason, s.promotion_left, s.promotion_id, s.next_plan_id, s.next_price_id,
           s.price_change_id, s.consent, s.means_id, s.first_transaction_id
      FROM subscriptions_subscription s
     WHERE s.{due} <= %s::text::timestamptz AND {where} {among}
     ORDER BY s.{due}, s.id LIMIT %s::text::int
       FOR UPDATE OF s SKIP LOCKED
)
SELECT s.id, s.public_id::text, s.fan_id, s.creator_id, s.cluster_id, s.plan_id, s.price_id,
       s.tier, s.months, s.amount_minor, s.currency, s.state, s.renews_by, s.timezone,
       s.anchored_at::text, s.anchored_number, s.period_number, s.current_until::text,
       s.access_until::text, s.tries, s.started_at::text, s.reminded_at::text, s.buyer_country,
       s.held_why, s.cancel_at_end,
       s.cancel_reason, s.promotion_left, s.promotion_id, s.next_plan_id, s.next_price_id,
       s.price_change_id, s.consent, s.means_id, s.first_transaction_id,
       b.slug, f.user_id, f.display_name, c.display_name, p.name,
       tried.first_at::text, tried.last_at::text, coalesce(tried.is_last, false),
       CASE WHEN NOT (c.is_creator AND earns.is_active) THEN 'CREATOR_GONE'
            WHEN NOT pays.is_active OR pays.age_state = 'MINOR' THEN 'FAN_GONE' ELSE '' END
  FROM s
  JOIN clusters_cluster b ON b.id = s.cluster_id
  JOIN accounts_profile f ON f.id = s.fan_id
  JOIN accounts_user pays ON pays.id = f.user_id
  JOIN accounts_profile c ON c.id = s.creator_id
  JOIN accounts_user earns ON earns.id = c.user_id
  JOIN subscriptions_plan p ON p.id = s.plan_id
  LEFT JOIN LATERAL (
       SELECT min(d.at) AS first_at, max(d.at) AS last_at,
              (array_agg(d.next_at ORDER BY d.number DESC))[1] IS NULL AS is_last
         FROM subscriptions_dunningtry d
        WHERE s.tries > 0 AND d.subscription_id = s.id AND d.period_number = s.period_number + 1
       HAVING count(*) > 0
  ) tried ON true
 ORDER BY s.id
"""
_IDS = """
SELECT s.id FROM subscriptions_subscription s
 WHERE s.{due} <= %s::text::timestamptz AND {where} {among}
 ORDER BY s.{due}, s.id LIMIT %s::text::int
   FOR UPDATE OF s SKIP LOCKED
"""
_AMONG = " AND s.id = ANY(%s::bigint[])"


@joins_transaction
def claim(
    road: Road, *, now: datetime, limit: int, among: Sequence[int] | None = None
) -> list[Due]:
    """
    Lock what is due on a road, skipping what others hold, and return it in the order of ids.

    ``among`` restricts it to these; they must still be due.
    """
    statement = _CLAIM.format(
        due=road.due, where=road.where, among="" if among is None else _AMONG
    )
    arguments: list[str | Bigints] = [now.isoformat()]
    if among is not None:
        arguments.append(Bigints(among))
    return [_due(row) for row in prepared_rows(statement, [*arguments, str(limit)])]


@joins_transaction
def claim_ids(
    road: Road, *, now: datetime, limit: int, among: Sequence[int] | None = None
) -> list[int]:
    """As ``claim``, of those that never began too: their ids."""
    statement = _IDS.format(due=road.due, where=road.where, among="" if among is None else _AMONG)
    arguments: list[str | Bigints] = [now.isoformat()]
    if among is not None:
        arguments.append(Bigints(among))
    return sorted(pk for (pk,) in prepared_rows(statement, [*arguments, str(limit)]))


@joins_transaction
def lock(pk: int) -> Due | None:
    """Lock one subscription that lives, due or not, waiting for who holds it; None: it ended."""
    statement = _LOCK
    rows = prepared_rows(statement, [str(pk)])
    return _due(rows[0]) if rows else None


#: Where moments stand in a row, and the reason to end.
_MOMENTS = [Due._fields.index(name) for name in (
    "anchored_at", "until", "access_until", "started_at", "reminded_at", "first_try_at",
    "last_try_at",
)]  # fmt: skip
_GONE = Due._fields.index("gone")
_REASONS = {reason.value: reason for reason in EndReason}


def _due(row: Sequence[Any]) -> Due:
    cells = list(row)
    for i in _MOMENTS:
        if cells[i] is not None:
            cells[i] = datetime.fromisoformat(cells[i])
    cells[_GONE] = _REASONS[cells[_GONE]]
    return Due._make(cells)


_LOCK = (
    _CLAIM.replace("s.{due} <= %s::text::timestamptz AND {where} {among}",
                   "s.id = %s::text::bigint AND s.state IN ('TRIALING', 'ACTIVE', 'PAST_DUE',"
                   " 'PAUSED')")
    .replace(" ORDER BY s.{due}, s.id LIMIT %s::text::int\n", "\n")
    .replace("FOR UPDATE OF s SKIP LOCKED", "FOR UPDATE OF s")
)  # fmt: skip
