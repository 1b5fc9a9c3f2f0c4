"""What would happen, and what a draft would change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.finance.routing.rules.engine import Outcome, decide
from apps.finance.routing.rules.facts import Candidate, Facts
from apps.finance.routing.rules.plan import PlannedRule


@dataclass(frozen=True, slots=True)
class Diff:
    """A rule of a draft beside the active version's: ADDED, REMOVED, CHANGED, MOVED or SAME."""

    word: str
    old: PlannedRule | None
    new: PlannedRule | None


def explain(
    *,
    subject: str,
    facts: Facts,
    candidates: Sequence[Candidate],
    rules: Sequence[PlannedRule],
    now: datetime,
) -> Outcome:
    """Return what would be decided, rule by rule. Keeps nothing."""
    return decide(
        subject=subject,
        facts=facts,
        candidates=candidates,
        rules=rules,
        today=now.astimezone(UTC).date(),
    )


def diff(old: Sequence[PlannedRule], new: Sequence[PlannedRule]) -> list[Diff]:
    """Return the rules of ``new`` in their order, then those that are gone.

    Rules are paired by name first, then by what they do.
    """
    left = list(old)
    found: list[Diff] = []
    for rule in new:
        pair = _pair(rule, left)
        if pair is None:
            found.append(Diff("ADDED", None, rule))
            continue
        left.remove(pair)
        found.append(Diff(_word(pair, rule), pair, rule))
    return found + [Diff("REMOVED", rule, None) for rule in left]


def _pair(rule: PlannedRule, left: Sequence[PlannedRule]) -> PlannedRule | None:
    same_name = (one for one in left if one.name == rule.name)
    same_deed = (one for one in left if one.as_json() == rule.as_json())
    return next(same_name, None) or next(same_deed, None)


def _word(old: PlannedRule, new: PlannedRule) -> str:
    if old.as_json() != new.as_json() or old.name != new.name:
        return "CHANGED"
    return "SAME" if old.position == new.position else "MOVED"
