"""Rights to see are granted and withdrawn, one or a thousand at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.finance.entitlements import errors
from apps.finance.entitlements.choices import Scope

#: ``news`` are the grants that change something, found by index first: an end that only moves
#: further away (a renewal each month) leaves no row in the history and is joined to nothing. Rows
#: are written in the order of their sources, so two batches never wait for each other in a circle.
_GRANT = """
WITH given AS MATERIALIZED (
    SELECT profile_id, creator_id, cluster_id, scope, item, tier, from_at::timestamptz,
           nullif(until_at, '')::timestamptz AS until_at, source, why
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[],
                %s::text[], %s::text[], %s::text[], %s::text[])
      AS g(profile_id, creator_id, cluster_id, scope, item, tier, from_at, until_at, source, why)
), news AS MATERIALIZED (
    SELECT g.source, g.why, now.at,
        CASE WHEN e.id IS NULL THEN 'GRANTED'
             WHEN e.withdrawn_at IS NOT NULL OR e.until_at <= now.at THEN 'RESTORED'
             ELSE 'CHANGED' END AS change
    FROM (SELECT %s::text::timestamptz AS at) now
    CROSS JOIN given g LEFT JOIN entitlements_entitlement e USING (source)
    WHERE e.id IS NULL OR e.withdrawn_at IS NOT NULL OR e.until_at <= now.at
        OR e.tier <> g.tier
        OR coalesce(g.until_at, 'infinity') < coalesce(e.until_at, 'infinity')
), written AS (
    INSERT INTO entitlements_entitlement AS e
        (profile_id, creator_id, cluster_id, scope, item, tier, from_at, until_at, source,
         withdrawn_why)
    SELECT profile_id, creator_id, cluster_id, scope, item, tier, from_at, until_at, source, ''
    FROM given
    ON CONFLICT (source) DO UPDATE SET
        tier = excluded.tier,
        from_at = least(e.from_at, excluded.from_at),
        until_at = excluded.until_at,
        withdrawn_at = NULL,
        withdrawn_why = ''
    RETURNING e.id, e.source, e.tier, e.until_at
), noted AS (
    INSERT INTO entitlements_entitlementchange (entitlement_id, at, change, tier, until_at, why,
                                                by_id)
    SELECT w.id, n.at, n.change, w.tier, w.until_at, n.why, nullif(%s::text, '')::bigint
    FROM news n JOIN written w USING (source)
)
SELECT count(*) FROM written
"""

_WITHDRAW = """
WITH held AS MATERIALIZED (
    SELECT e.id FROM entitlements_entitlement e
    WHERE e.source = ANY(%(sources)s::text[]) AND e.withdrawn_at IS NULL
    ORDER BY e.source FOR UPDATE OF e
), written AS (
    UPDATE entitlements_entitlement e
    SET withdrawn_at = %(now)s, withdrawn_why = %(why)s
    FROM held WHERE e.id = held.id
    RETURNING e.id, e.tier, e.until_at
), changed AS (
    INSERT INTO entitlements_entitlementchange (entitlement_id, at, change, tier, until_at, why,
                                                by_id)
    SELECT id, %(now)s, 'WITHDRAWN', tier, until_at, %(why)s, %(by)s::bigint FROM written
)
SELECT count(*) FROM written
"""
_LONGEST_WHY = 200
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Grant:
    """``source`` names what grants it for ever ("subscription:7", "purchase:3", "gift:2").

    ``item`` is the thing's name for Scope.ITEM, empty for Scope.CREATOR. ``from_at`` None: from
    now on; ``until_at`` None: without an end. ``why`` goes into the history.
    """

    profile_id: int
    creator_id: int
    cluster_id: int
    scope: Scope
    source: str
    tier: int = 0
    item: str = ""
    from_at: datetime | None = None
    until_at: datetime | None = None
    why: str = ""


@joins_transaction
def grant(grant: Grant, *, now: datetime, by: Any = None) -> None:
    """Let somebody see; the same as ``grant_many`` of one. ``by``: the member of staff, if any."""
    _write([grant], now=now, by=by)


@joins_transaction
def grant_many(grants: Sequence[Grant], *, now: datetime) -> None:
    """
    Let people see, in one statement whatever their number.

    The last word of a source counts: told again it sets tier and end (also an earlier one) and
    clears a withdrawal, so the caller holds the lock on what the source names. Repeating it
    changes nothing. Whoever is granted what, how far and since when stays as first told, but
    for an earlier beginning. The history gets a row unless only the end moved further away.

    :raises GrantMalformed: a source stands there twice; the item does not fit the scope
    """
    if grants:
        _write(grants, now=now, by=None)


def _write(grants: Sequence[Grant], *, now: datetime, by: Any) -> None:
    grants = sorted(grants, key=attrgetter("source"))
    sources = Texts([g.source for g in grants])
    if len(set(sources)) < len(sources):
        raise errors.GrantMalformed(reason="one source twice")
    for g in grants:
        if (g.scope == Scope.ITEM) != bool(g.item) or not 0 < len(g.source) <= _LONGEST_NAME:
            raise errors.GrantMalformed(source=g.source, item=g.item)
    moment = now.isoformat()
    prepared_rows(
        _GRANT,
        [
            Bigints([g.profile_id for g in grants]),
            Bigints([g.creator_id for g in grants]),
            Bigints([g.cluster_id for g in grants]),
            Texts([g.scope.value for g in grants]),
            Texts([g.item for g in grants]),
            Bigints([g.tier for g in grants]),
            Texts([g.from_at.isoformat() if g.from_at else moment for g in grants]),
            Texts(["" if g.until_at is None else g.until_at.isoformat() for g in grants]),
            sources,
            Texts([g.why[:_LONGEST_WHY] for g in grants]),
            moment,
            str(by.pk) if by else "",
        ],
    )


@joins_transaction
def withdraw(source: str, *, why: str, now: datetime, by: Any = None) -> bool:
    """Take back what a source granted; False when it grants nothing (never did, or not now)."""
    return withdraw_many([source], why=why, now=now, by=by) == 1


@joins_transaction
def withdraw_many(sources: Sequence[str], *, why: str, now: datetime, by: Any = None) -> int:
    """
    Take back what these sources granted, in one statement; return how many had something.

    Repeating it changes nothing: the first moment and reason stay.
    """
    if not sources:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _WITHDRAW,
            {
                "sources": list(sources),
                "why": why[:_LONGEST_WHY],
                "now": now,
                "by": by.pk if by else None,
            },
        )
        [count] = cursor.fetchone()
    return int(count)
