"""A rule as the engine reads it: conditions, and what to do with the accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from apps.finance.routing.choices import Action, SortBy
from apps.finance.routing.rules.conditions import Conditions
from apps.finance.routing.rules.facts import Candidate


@dataclass(frozen=True, slots=True)
class Share:
    """An account, or all accounts of a gateway, and its share of the payments.

    Shares are relative: 70 and 30, or 7 and 3. Zero: only when those before it cannot take it.
    """

    account_id: int | None = None
    gateway: str = ""
    weight: int = 0

    def names(self, candidate: Candidate) -> bool:
        if self.account_id is not None:
            return candidate.account_id == self.account_id
        return candidate.gateway == self.gateway

    def as_json(self) -> dict[str, Any]:
        where: dict[str, Any] = (
            {"gateway": self.gateway} if self.account_id is None else {"account": self.account_id}
        )
        return {**where, "weight": self.weight}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        return cls(kept.get("account"), kept.get("gateway", ""), kept.get("weight", 0))


@dataclass(frozen=True, slots=True)
class PlannedRule:
    """``only_these``: no account that the rule does not name may ever take the payment."""

    position: int
    name: str
    action: Action
    conditions: Conditions = field(default_factory=Conditions)
    shares: tuple[Share, ...] = ()
    sort_by: SortBy = SortBy.COST
    only_these: bool = False

    def names(self, candidate: Candidate) -> bool:
        return any(share.names(candidate) for share in self.shares)

    def as_json(self) -> dict[str, Any]:
        """Return what decides; the name and the place in the order do not."""
        return {
            "action": self.action.value,
            "conditions": self.conditions.as_json(),
            "shares": [share.as_json() for share in self.shares],
            "sort_by": self.sort_by.value,
            "only_these": self.only_these,
        }
