"""When a rule applies. All that is asked for must hold; what is left empty asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

from apps.core.money import Money
from apps.finance.routing.rules.facts import Facts

#: Each list of a condition, the fact it looks at, and its name for people.
_LISTS = (
    ("clusters", "cluster", "brand"),
    ("kinds", "kind", "kind"),
    ("methods", "method", "method"),
    ("countries", "country", "country"),
    ("currencies", "currency", "currency"),
    ("card_brands", "card_brand", "card brand"),
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Amounts are in smallest units of the one currency that ``currencies`` must then name."""

    clusters: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    card_brands: tuple[str, ...] = ()
    bins: tuple[str, ...] = ()
    least_minor: int | None = None
    most_minor: int | None = None
    least_risk: int | None = None
    most_risk: int | None = None
    first_purchase: bool | None = None

    def mismatch(self, facts: Facts) -> str:
        """Return in words which condition does not hold, ``""`` when all do."""
        for name, fact, word in _LISTS:
            wanted, found = getattr(self, name), getattr(facts, fact)
            if wanted and found not in wanted:
                return f"{word} is {found or 'not known'}, not {' or '.join(wanted)}"
        if self.bins and not facts.bin.startswith(self.bins):
            return f"card number begins with {facts.bin or '?'}, not {' or '.join(self.bins)}"
        return self._amount_mismatch(facts) or self._risk_mismatch(facts)

    def _amount_mismatch(self, facts: Facts) -> str:
        if self.least_minor is not None and facts.amount.minor < self.least_minor:
            least = Money(self.least_minor, facts.currency).formatted
            return f"amount is {facts.amount.formatted}, below {least}"
        if self.most_minor is not None and facts.amount.minor > self.most_minor:
            most = Money(self.most_minor, facts.currency).formatted
            return f"amount is {facts.amount.formatted}, above {most}"
        return ""

    def _risk_mismatch(self, facts: Facts) -> str:
        if self.least_risk is not None and facts.risk_score < self.least_risk:
            return f"risk score is {facts.risk_score}, below {self.least_risk}"
        if self.most_risk is not None and facts.risk_score > self.most_risk:
            return f"risk score is {facts.risk_score}, above {self.most_risk}"
        if self.first_purchase is not None and facts.first_purchase != self.first_purchase:
            return "not a first purchase" if self.first_purchase else "a first purchase"
        return ""

    def words(self) -> list[str]:
        """Return the conditions for people, one a line."""
        lines = [
            f"{word} is {' or '.join(wanted)}"
            for name, _, word in _LISTS
            if (wanted := getattr(self, name))
        ]
        if self.bins:
            lines.append(f"card number begins with {' or '.join(self.bins)}")
        currency = self.currencies[0] if len(self.currencies) == 1 else ""
        lines += _range_words("amount", self.least_minor, self.most_minor, currency)
        lines += _range_words("risk score", self.least_risk, self.most_risk, "")
        if self.first_purchase is not None:
            lines.append("first purchase" if self.first_purchase else "not the first purchase")
        return lines

    def as_json(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value not in (None, ()):
                kept[field.name] = list(value) if isinstance(value, tuple) else value
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in kept.items()
        }
        return cls(**read)


def _range_words(word: str, least: int | None, most: int | None, currency: str) -> list[str]:
    def shown(figure: int) -> str:
        return Money(figure, currency).formatted if currency else str(figure)

    if least is not None and most is not None:
        return [f"{word} is {shown(least)} to {shown(most)}"]
    if least is not None:
        return [f"{word} is {shown(least)} or more"]
    return [f"{word} is {shown(most)} or less"] if most is not None else []
