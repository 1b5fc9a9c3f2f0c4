"""The one answer to: who may see what, until when, and why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from apps.core.db import Bigints, Texts
from apps.finance.entitlements.choices import Scope
from apps.finance.entitlements.models import Entitlement, EntitlementChange
from apps.finance.entitlements.rules import Access, Held, Thing, decide

__all__ = ["Access", "Thing", "access_to", "history_of", "is_live"]

#: An index look-up for each creator and each thing: as fast for somebody who bought thousands.
_HELD = """
SELECT e.creator_id, e.item, e.scope, e.source, e.tier, e.from_at, e.until_at, e.withdrawn_at
FROM unnest(%s::bigint[], %s::text[]) AS asked(creator_id, item)
CROSS JOIN LATERAL (
    SELECT * FROM entitlements_entitlement held
    WHERE held.profile_id = %s AND held.creator_id = asked.creator_id AND held.item = asked.item
) e
"""


def access_to(profile_id: int | None, things: Sequence[Thing], *, now: datetime) -> list[Access]:
    """Return for each thing, in their order, whether the person may see it and why (not).

    One query whatever the number of things; none for a stranger (None), who sees what is free.
    """
    held = _held(profile_id, things) if profile_id is not None else {}
    return [
        decide(
            thing,
            [*held.get((thing.creator_id, ""), ()), *held.get((thing.creator_id, thing.ref), ())],
            now=now,
        )
        for thing in things
    ]


def _held(profile_id: int, things: Sequence[Thing]) -> dict[tuple[int, str], list[Held]]:
    asked = {(t.creator_id, ref) for t in things if not t.is_own for ref in ("", t.ref)}
    pairs = sorted(asked)
    found: dict[tuple[int, str], list[Held]] = defaultdict(list)
    if not pairs:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            _HELD, [Bigints([p[0] for p in pairs]), Texts([p[1] for p in pairs]), profile_id]
        )
        for creator_id, item, scope, *rest in cursor.fetchall():
            found[creator_id, item].append(Held(Scope(scope), *rest))
    return found


def is_live(source: str, *, now: datetime) -> bool:
    """Test if what a source granted is open now."""
    row = Entitlement.objects.filter(source=source).first()
    return row is not None and held_of(row).is_live(now)


def held_of(row: Entitlement) -> Held:
    """Return a row as the rules read it."""
    return Held(
        Scope(row.scope), row.source, row.tier, row.from_at, row.until_at, row.withdrawn_at
    )


def history_of(source: str, *, limit: int = 200) -> list[EntitlementChange]:
    """Return what became of a source's entitlement, oldest first, at most so many."""
    rows = EntitlementChange.objects.filter(entitlement__source=source).select_related("by")
    return list(rows.order_by("id")[:limit])
