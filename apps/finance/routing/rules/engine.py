"""The decision: hard filters, then the rules from the top, then the cheapest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from apps.finance.routing.choices import Action, SortBy, Why
from apps.finance.routing.rules.facts import Candidate, Facts
from apps.finance.routing.rules.filters import refusal
from apps.finance.routing.rules.plan import PlannedRule
from apps.finance.routing.rules.split import drawn_order


@dataclass(frozen=True, slots=True)
class Excluded:
    account_id: int
    why: Why
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one rule: it decided, it left accounts out, or why it did not apply."""

    position: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """``ranked``: who may take it, best first; empty when nobody can. ``rule`` is the place of
    the rule that decided, None when none did and the cheapest comes first."""

    ranked: tuple[int, ...]
    excluded: tuple[Excluded, ...]
    rule: int | None
    rule_name: str
    steps: tuple[Step, ...]

    @property
    def chosen(self) -> int | None:
        return self.ranked[0] if self.ranked else None


def decide(
    *,
    subject: str,
    facts: Facts,
    candidates: Sequence[Candidate],
    rules: Sequence[PlannedRule],
    today: date,
) -> Outcome:
    """Rank the accounts that may take a payment; say for each other why it cannot.

    ``subject`` names the payment: shares are drawn from it. Rules are taken in their order: one
    that leaves accounts out is followed by the next, the first other one that applies and has an
    account to send to decides.
    """
    run = _Run(subject, facts)
    run.filter(candidates, today)
    for rule in rules:
        mismatch = rule.conditions.mismatch(facts)
        if mismatch:
            run.steps.append(Step(rule.position, rule.name, f"Does not apply: {mismatch}"))
        elif run.obey(rule):
            return run.outcome(rule)
    run.ranked = sorted(run.able, key=order_by(SortBy.COST, facts))
    return run.outcome(None)


def order_by(sort_by: SortBy, facts: Facts) -> Callable[[Candidate], tuple[int, int, int]]:
    """Return the key of an order; what is equal in it goes by cost, then by the oldest account."""

    def key(candidate: Candidate) -> tuple[int, int, int]:
        cost = candidate.cost_of(facts.amount).minor
        first = {
            SortBy.COST: cost,
            SortBy.SUCCESS: -candidate.likely_bps,
            SortBy.HEADROOM: -candidate.headroom_bps,
        }[sort_by]
        return first, cost, candidate.account_id

    return key


class _Run:
    """One decision while it is made."""

    def __init__(self, subject: str, facts: Facts) -> None:
        self.subject = subject
        self.facts = facts
        self.able: list[Candidate] = []
        self.ranked: list[Candidate] = []
        self.excluded: list[Excluded] = []
        self.steps: list[Step] = []

    def filter(self, candidates: Sequence[Candidate], today: date) -> None:
        for candidate in candidates:
            refused = refusal(candidate, self.facts, today=today)
            if refused:
                self.excluded.append(Excluded(candidate.account_id, *refused))
            else:
                self.able.append(candidate)

    def obey(self, rule: PlannedRule) -> bool:
        """Do what a rule that applies says; return whether that decided."""
        if rule.action == Action.EXCLUDE:
            out = [one for one in self.able if rule.names(one)]
            self._leave_out(out, Why.RULE, f"Rule {rule.position}: {rule.name}")
            self.steps.append(Step(rule.position, rule.name, f"Left out {len(out)} accounts"))
            return False
        named = [one for one in self.able if not rule.shares or rule.names(one)]
        others = [one for one in self.able if one not in named]
        if rule.only_these:
            self._leave_out(others, Why.NOT_NAMED, f"Rule {rule.position}: {rule.name}")
            others = []
        elif not named:
            self.steps.append(
                Step(rule.position, rule.name, "None of its accounts can take the payment")
            )
            return False
        by_cost = order_by(SortBy.COST, self.facts)
        self.ranked = [*self._order(rule, named), *sorted(others, key=by_cost)]
        self.steps.append(Step(rule.position, rule.name, "Decided"))
        return True

    def _order(self, rule: PlannedRule, named: list[Candidate]) -> list[Candidate]:
        if rule.action == Action.SORT or not rule.shares:
            return sorted(named, key=order_by(rule.sort_by, self.facts))
        ranked: list[Candidate] = []
        by_cost = order_by(SortBy.COST, self.facts)
        usable = [share for share in rule.shares if any(share.names(one) for one in named)]
        for place in drawn_order(self.subject, [share.weight for share in usable]):
            fit = [one for one in named if usable[place].names(one) and one not in ranked]
            ranked += sorted(fit, key=by_cost)
        return ranked

    def _leave_out(self, out: list[Candidate], why: Why, text: str) -> None:
        self.excluded += [Excluded(one.account_id, why, text) for one in out]
        self.able = [one for one in self.able if one not in out]

    def outcome(self, rule: PlannedRule | None) -> Outcome:
        return Outcome(
            ranked=tuple(one.account_id for one in self.ranked),
            excluded=tuple(self.excluded),
            rule=rule.position if rule else None,
            rule_name=rule.name if rule else "",
            steps=tuple(self.steps),
        )
