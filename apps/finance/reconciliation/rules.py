"""Pure decisions of reconciliation."""

from __future__ import annotations

from apps.core.money import Money

#: From so many whole units on two people decide, in any currency.
FOUR_EYES_FROM = 1_000
#: What other parties send statements of: banks, processors, rails.
PROVABLE = {"1000": "bank", "1100": "processor", "1200": "rail"}


def needs_two(difference: Money) -> bool:
    """Test if a difference is so large that one person may not settle it alone."""
    limit = Money.of(str(FOUR_EYES_FROM), difference.currency)
    return abs(difference.minor) >= limit.minor


def is_provable(code: str, owner: str) -> bool:
    """Test if an account is one that another party keeps for us."""
    kind = PROVABLE.get(code)
    if kind is None:
        return False
    return owner.partition(":")[0] == kind and len(owner) > len(kind) + 1
