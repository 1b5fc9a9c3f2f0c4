"""What is known of a payment, and of each account that may take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from apps.core.money import BPS_WHOLE, Money

#: With fewer payments than this a rate of success says little: it is drawn towards what is usual.
SAMPLES_TRUSTED = 20
USUAL_SUCCESS_BPS = 8_000
#: Payments leave an account at so much of its ratio limit, before the line is reached.
RATIO_STOP_BPS = 9_000


@dataclass(frozen=True, slots=True)
class Facts:
    """A payment to be routed. Empty texts are what is not known (yet)."""

    cluster: str
    kind: str
    amount: Money
    country: str = ""
    card_brand: str = ""
    bin: str = ""
    risk_score: int = 0
    method: str = "CARD"
    first_purchase: bool = False

    @property
    def currency(self) -> str:
        return self.amount.currency

    def as_json(self) -> dict[str, Any]:
        return {
            "cluster": self.cluster,
            "kind": self.kind,
            "amount_minor": self.amount.minor,
            "currency": self.amount.currency,
            "country": self.country,
            "card_brand": self.card_brand,
            "bin": self.bin,
            "risk_score": self.risk_score,
            "method": self.method,
            "first_purchase": self.first_purchase,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        rest = {k: v for k, v in kept.items() if k not in {"amount_minor", "currency"}}
        return cls(amount=Money(kept["amount_minor"], kept["currency"]), **rest)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account of the payment's brand, as it stands now. Amounts are of its currency.

    ``success_bps`` is of the last hours, None without any. ``cap_left_minor`` is None without a
    cap, ``ratio_bps`` None where nobody measures it. Empty sets take everything.
    """

    account_id: int
    gateway: str
    label: str
    currency: str
    least_minor: int
    most_minor: int
    cost_bps: int = 0
    cost_fixed_minor: int = 0
    success_bps: int | None = None
    samples: int = 0
    healthy: bool = True
    cap_minor: int | None = None
    cap_left_minor: int | None = None
    ratio_bps: int | None = None
    ratio_limit_bps: int | None = None
    countries: frozenset[str] = frozenset()
    countries_refused: frozenset[str] = frozenset()
    card_brands: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset()
    opens_on: date | None = None
    closes_on: date | None = None

    def cost_of(self, amount: Money) -> Money:
        """Return what the processor is expected to keep of a charge."""
        return Money(
            amount.share_bps(self.cost_bps).minor + self.cost_fixed_minor, amount.currency
        )

    @property
    def likely_bps(self) -> int:
        """The rate of success to expect: few samples weigh as few."""
        if self.success_bps is None or self.samples <= 0:
            return USUAL_SUCCESS_BPS
        whole = self.success_bps * self.samples + USUAL_SUCCESS_BPS * SAMPLES_TRUSTED
        return whole // (self.samples + SAMPLES_TRUSTED)

    @property
    def headroom_bps(self) -> int:
        """How much of the tighter of cap and ratio limit is left; all of it without either."""
        left = [BPS_WHOLE]
        if self.cap_minor and self.cap_left_minor is not None:
            left.append(max(0, self.cap_left_minor) * BPS_WHOLE // self.cap_minor)
        if self.ratio_limit_bps and self.ratio_bps is not None:
            spare = max(0, self.ratio_limit_bps - self.ratio_bps)
            left.append(spare * BPS_WHOLE // self.ratio_limit_bps)
        return min(left)

    @property
    def is_at_ratio(self) -> bool:
        if not self.ratio_limit_bps or self.ratio_bps is None:
            return False
        return self.ratio_bps * BPS_WHOLE >= self.ratio_limit_bps * RATIO_STOP_BPS

    def as_json(self) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, frozenset):
                value = sorted(value)
            elif isinstance(value, date):
                value = value.isoformat()
            if value not in (None, []):
                kept[name] = value
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        read = dict(kept)
        for name in ("countries", "countries_refused", "card_brands", "methods"):
            read[name] = frozenset(read.get(name, ()))
        for name in ("opens_on", "closes_on"):
            if name in read:
                read[name] = date.fromisoformat(read[name])
        return cls(**read)
