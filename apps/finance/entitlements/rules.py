"""Pure decision: may somebody see a thing, until when, and if not, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.finance.entitlements.choices import Scope, Why


@dataclass(frozen=True, slots=True)
class Thing:
    """What somebody wants to see. ``ref`` is the name its app gives it ("content:9").

    ``least_tier``: the lowest tier of the creator's plans that includes it; None: no plan does.
    """

    ref: str
    creator_id: int
    least_tier: int | None = None
    is_free: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """``until``: when it ends (None: never); if it is refused, when it ended, where it had begun.

    ``source`` is what grants it, or granted it last ("subscription:7").
    """

    thing: Thing
    allowed: bool
    why: Why
    until: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One entitlement of the person, at the thing's creator or to the thing."""

    scope: Scope
    source: str
    tier: int
    from_at: datetime
    until_at: datetime | None
    withdrawn_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        return (
            self.withdrawn_at is None
            and self.from_at <= now
            and (self.until_at is None or now < self.until_at)
        )

    def ended_at(self, now: datetime) -> datetime | None:
        """Return when it stopped being live; None if it is live, or has not begun."""
        ends = [e for e in (self.withdrawn_at, self.until_at) if e is not None]
        if self.from_at > now or not ends or (end := min(ends)) > now:
            return None
        return end


def decide(thing: Thing, held: Sequence[Held], *, now: datetime) -> Access:
    """Return whether ``thing`` may be seen by who holds ``held`` (all of it is about the thing).

    Of several that let in, the one that lasts longest answers; of several that don't any more,
    the one that ended last. A subscription that runs with too low a tier is said before one that
    ended, for a step up is what is missing.
    """
    if thing.is_own:
        return Access(thing, allowed=True, why=Why.OWN)
    if thing.is_free:
        return Access(thing, allowed=True, why=Why.FREE)
    fitting = [h for h in held if h.scope == Scope.ITEM or thing.least_tier is not None]
    live = [h for h in fitting if h.is_live(now)]
    open_to = [h for h in live if h.scope == Scope.ITEM or h.tier >= (thing.least_tier or 0)]
    if open_to:
        best = max(open_to, key=_how_long)
        why = Why.BOUGHT if best.scope == Scope.ITEM else Why.SUBSCRIBED
        return Access(thing, allowed=True, why=why, until=best.until_at, source=best.source)
    if live:
        best = max(live, key=lambda h: (h.tier, *_how_long(h)))
        return Access(thing, allowed=False, why=Why.TIER_TOO_LOW, source=best.source)
    return _refused(thing, fitting, now)


def _refused(thing: Thing, fitting: Sequence[Held], now: datetime) -> Access:
    over = [(end, h) for h in fitting if (end := h.ended_at(now)) is not None]
    if not over:
        why = Why.NOT_BOUGHT if thing.least_tier is None else Why.NOT_SUBSCRIBED
        return Access(thing, allowed=False, why=why)
    end, last = max(over, key=lambda pair: (pair[0], pair[1].source))
    why = Why.WITHDRAWN if last.withdrawn_at == end else Why.ENDED
    return Access(thing, allowed=False, why=why, until=end, source=last.source)


def _how_long(held: Held) -> tuple[bool, float, str]:
    """Order by how long it lasts; the source makes the answer the same each time."""
    end = held.until_at
    return (end is None, end.timestamp() if end else 0.0, held.source)
