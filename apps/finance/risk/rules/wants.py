"""Rules as data, and what must be counted before they can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from apps.finance.risk.choices import RuleKind, What, Who


@dataclass(frozen=True, slots=True)
class RuleData:
    """A rule. ``code`` stays through its versions; ``score`` is added when it applies."""

    id: int
    code: str
    kind: RuleKind
    score: int
    params: dict[str, Any] = field(default_factory=dict)
    is_shadow: bool = False


class Want(NamedTuple):
    """Count ``what`` of one ``who`` in the last ``minutes``, this payment among them."""

    who: Who
    what: What
    minutes: int


def wants_of(rules: Iterable[RuleData]) -> tuple[Want, ...]:
    """Return each thing to count once, in a fixed order."""
    return tuple(
        sorted(
            {
                Want(Who(rule.params["who"]), What(rule.params["what"]), rule.params["minutes"])
                for rule in rules
                if rule.kind == RuleKind.VELOCITY
            }
        )
    )
