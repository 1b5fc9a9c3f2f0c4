"""Adding up a replay: how many payments go from which account to which, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from apps.finance.routing.rules.facts import Candidate, Facts


@dataclass(slots=True)
class Flow:
    """Payments of one currency that went to ``was`` and would go to ``now``; None is nowhere.

    Costs are what processors would be expected to keep. ``likely_*`` adds up expected rates of
    success in ten-thousandths: divided by 10,000 it is the payments expected to succeed.
    """

    was: int | None
    now: int | None
    currency: str
    count: int = 0
    amount_minor: int = 0
    cost_was_minor: int = 0
    cost_now_minor: int = 0
    likely_was: int = 0
    likely_now: int = 0


class Flows:
    """As many as pairs of accounts and currencies, however many payments are added."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._flows = {(one.was, one.now, one.currency): one for one in flows}

    @classmethod
    def of(cls, kept: Iterable[dict[str, Any]]) -> Flows:
        return cls(Flow(**one) for one in kept)

    def add(
        self, facts: Facts, candidates: Sequence[Candidate], *, was: int | None, now: int | None
    ) -> None:
        """Add one payment."""
        key = (was, now, facts.currency)
        flow = self._flows.setdefault(key, Flow(*key))
        by_id = {one.account_id: one for one in candidates}
        flow.count += 1
        flow.amount_minor += facts.amount.minor
        if was in by_id:
            flow.cost_was_minor += by_id[was].cost_of(facts.amount).minor
            flow.likely_was += by_id[was].likely_bps
        if now in by_id:
            flow.cost_now_minor += by_id[now].cost_of(facts.amount).minor
            flow.likely_now += by_id[now].likely_bps

    def as_json(self) -> list[dict[str, Any]]:
        ordered = sorted(self._flows.values(), key=lambda one: -one.count)
        return [asdict(one) for one in ordered]
