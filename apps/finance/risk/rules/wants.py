"""What must be counted before rules can be judged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from apps.finance.risk.choices import RuleKind, What, Who

if TYPE_CHECKING:
    from apps.finance.risk.rules.judge import RuleData


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
