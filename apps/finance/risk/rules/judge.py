"""From facts and counts to a score with reasons, and from the score to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.core.money import Money
from apps.finance.risk.choices import ListKind, Outcome, Pair, RuleKind, What, Who
from apps.finance.risk.rules.facts import Known
from apps.finance.risk.rules.wants import RuleData, Want

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Usual:
    """What the payer has paid in the last 90 days, in the payment's currency."""

    payments: int = 0
    sum_minor: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted for one payment. A count is None where its ``who`` is not known."""

    counts: Mapping[Want, int | None]
    usual: Usual = Usual()
    lists: Mapping[ListKind, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that applies, what it adds, and why, with the figures."""

    rule_id: int
    code: str
    score: int
    text: str
    is_shadow: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule_id,
            "code": self.code,
            "score": self.score,
            "text": self.text,
            "shadow": self.is_shadow,
        }


@dataclass(frozen=True, slots=True)
class Limits:
    """From which score on: proves it is him, a person decides, refused. 101 is never."""

    challenge: int = 40
    review: int = 60
    block: int = 80

    def outcome(self, score: int) -> Outcome:
        if score >= self.block:
            return Outcome.BLOCK
        if score >= self.review:
            return Outcome.REVIEW
        return Outcome.CHALLENGE if score >= self.challenge else Outcome.ALLOW


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    score: int
    hits: tuple[Hit, ...]


def judge(
    known: Known, measured: Measured, *, rules: Iterable[RuleData], limits: Limits
) -> Verdict:
    """Add up what applies, to 100 at most, and say what that means."""
    hits = tuple(
        Hit(rule.id, rule.code, rule.score, text, rule.is_shadow)
        for rule in rules
        if (text := _JUDGES[rule.kind](rule.params, known, measured))
    )
    score = min(WHOLE, sum(hit.score for hit in hits))
    return Verdict(limits.outcome(score), score, hits)


def with_shadow(live: Collection[RuleData], shadow: Collection[RuleData]) -> list[RuleData]:
    """Return the rules as if those in shadow were live: each in place of its older version."""
    replaced = {rule.code for rule in shadow}
    return [rule for rule in live if rule.code not in replaced] + list(shadow)


def _velocity(params: Mapping[str, Any], known: Known, measured: Measured) -> str:
    want = Want(Who(params["who"]), What(params["what"]), params["minutes"])
    counted = measured.counts.get(want)
    if counted is None or counted <= params["more_than"]:
        return ""
    if want.what == What.AMOUNT:
        if known.amount.currency != params["currency"]:
            return ""
        shown = Money(counted, known.amount.currency).formatted
        most = Money(params["more_than"], known.amount.currency).formatted
        return f"{shown} of one {want.who.label} in {span(want.minutes)}, above {most}"
    return (
        f"{counted} {want.what.label} of one {want.who.label} in {span(want.minutes)},"
        f" more than {params['more_than']}"
    )


def _mismatch(params: Mapping[str, Any], known: Known, _measured: Measured) -> str:
    first, second = {
        Pair.CARD_PLACE: (known.country_card, known.country_place),
        Pair.CARD_IP: (known.country_card, known.country_ip),
        Pair.PLACE_IP: (known.country_place, known.country_ip),
    }[Pair(params["pair"])]
    if not first or not second or first == second:
        return ""
    return f"Country of {Pair(params['pair']).label}: {first} and {second}"


def _young(params: Mapping[str, Any], known: Known, _measured: Measured) -> str:
    age = known.account_age_minutes
    if age is None or age >= params["hours"] * 60:
        return ""
    return f"The account is {span(age)} old, younger than {span(params['hours'] * 60)}"


def _large(params: Mapping[str, Any], known: Known, _measured: Measured) -> str:
    fits = known.amount.currency == params["currency"]
    if not fits or known.amount.minor <= params["more_than"]:
        return ""
    most = Money(params["more_than"], known.amount.currency).formatted
    return f"{known.amount.formatted} is above {most}"


def _unusual(params: Mapping[str, Any], known: Known, measured: Measured) -> str:
    usual = measured.usual
    if usual.payments < params["least_payments"]:
        return ""
    # amount > times x sum / payments, without a division
    if known.amount.minor * usual.payments <= params["times"] * usual.sum_minor:
        return ""
    mean = Money(usual.sum_minor // usual.payments, known.amount.currency).formatted
    return f"{known.amount.formatted} is above {params['times']} times the payer's usual {mean}"


def _listed(params: Mapping[str, Any], _known: Known, measured: Measured) -> str:
    found = [kind for kind in measured.lists if kind in params["lists"]]
    return f"On the block list: {', '.join(kind.label.lower() for kind in found)}" if found else ""


_JUDGES: dict[RuleKind, Callable[[Mapping[str, Any], Known, Measured], str]] = {
    RuleKind.VELOCITY: _velocity,
    RuleKind.MISMATCH: _mismatch,
    RuleKind.YOUNG_ACCOUNT: _young,
    RuleKind.LARGE_AMOUNT: _large,
    RuleKind.UNUSUAL_AMOUNT: _unusual,
    RuleKind.BLOCK_LIST: _listed,
}


def span(minutes: int) -> str:
    """Return ``90 min``, ``36 h`` or ``30 days``."""
    day, hour = 24 * 60, 60
    if minutes >= 2 * day:
        return f"{minutes // day} days"
    return f"{minutes // hour} h" if minutes >= 2 * hour else f"{minutes} min"
