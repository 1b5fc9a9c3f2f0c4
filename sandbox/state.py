"""What happened so far. One event loop owns it: a change never waits in its middle."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.config import Config

ANY = "*"


@dataclass(slots=True)
class Charge:
    """A CCBill sale, made or refused. Amounts are the text the merchant sent."""

    transaction_id: str
    client_accnum: str
    client_subacc: str
    order: str
    price: str
    currency_code: str
    period: int
    status: str  # approved, denied
    at: str
    refunded: str = "0.00"
    refunds: int = 0
    voids: int = 0
    chargebacks: int = 0
    cancelled_at: str = ""
    rebilled: int = 0
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Transfer:
    """A Paxum transfer that moved money. Nothing keeps a reference from being used twice."""

    transaction_id: str
    account_id: str
    from_email: str
    to_email: str
    amount: str
    currency: str
    fee: str
    reference: str
    note: str
    at: str


@dataclass(slots=True)
class Delivery:
    """A webhook on its way."""

    id: int
    processor: str
    event_type: str
    order: str
    url: str
    query: dict[str, str]
    content_type: str
    body: str
    status: str  # waiting, held, delivered, failed, never, taken
    attempts: int = 0
    answers: list[str] = field(default_factory=list)
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    expected: str = ""  # what the answer's body must hold, in any case of letters


@dataclass(slots=True)
class Happening:
    """One thing that happened to a sale: sold, refund, chargeback, renewal ..."""

    id: str
    act: str
    amount: str
    at: str
    reason: str = ""


@dataclass(slots=True)
class Sale:
    """A sale at a peer of ``sandbox.peers``, from the moment its page was first seen.

    Amounts are text in the unit of the currency. ``merchant`` names the set of credentials.
    """

    gateway: str
    merchant: str
    reference: str
    order: str
    amount: str
    currency: str
    at: str
    subaccount: str = ""
    status: str = "open"  # open, authorised, paid, declined, cancelled, voided, charged_back
    transaction: str = ""
    parent: str = ""
    token: str = ""
    refunded: str = "0"
    cancelled_at: str = ""
    card: dict[str, str] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)


@dataclass(slots=True)
class Scenario:
    """What shall go otherwise, for one key or for any, so many times (0: always)."""

    processor: str
    key: str = ANY
    webhook: str = ""  # send, twice, late, never, hold
    fail: str = ""  # hang_before, hang_after, reset_before, reset_after, code_before, code_after
    code: str = ""
    seconds: float = 0.0
    times: int = 1


@dataclass(slots=True)
class State:
    """The sandbox's memory, kept in a file when one is given."""

    config: Config
    path: Path | None = None
    serial: int = 0
    clock_offset_seconds: float = 0.0
    clock_fixed: str = ""
    attempts: dict[str, int] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    balances: dict[str, dict[str, str]] = field(default_factory=dict)
    #: By gateway and reference, in the order they were opened.
    sales: dict[str, Sale] = field(default_factory=dict)
    #: What peers remember besides: tokens given out, answers under idempotency keys.
    notes: dict[str, str] = field(default_factory=dict)
    hang_seconds: float = 30.0

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            self._load(json.loads(self.path.read_text()))
        else:
            self.reset()

    def reset(self, *, serial: int = 0) -> None:
        """Forget everything. ``serial`` is the seed: the same one gives the same ids again."""
        self.serial = serial
        self.clock_offset_seconds, self.clock_fixed = 0.0, ""
        self.hang_seconds = self.config.hang_seconds
        self.attempts = {}
        self.charges, self.transfers, self.deliveries, self.scenarios = [], [], [], []
        self.sales, self.notes = {}, {}
        self.balances = {account.email: dict(account.balances) for account in self.config.paxum}

    def now(self) -> datetime:
        """Return the sandbox's time, UTC: the machine's unless the control API set another."""
        if self.clock_fixed:
            return datetime.fromisoformat(self.clock_fixed)
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)

    def next_serial(self) -> int:
        """Count up: every id is made of this, so equal calls give equal ids."""
        self.serial += 1
        return self.serial

    def take_scenario(self, processor: str, *keys: str, of: str = "") -> Scenario | None:
        """Return the first scenario for one of these keys, else for any, and use it up.

        ``of`` narrows to those that say something about ``webhook`` or ``fail``.
        """
        for scenario in sorted(self.scenarios, key=lambda item: item.key == ANY):
            meant = scenario.key == ANY or scenario.key in keys
            if scenario.processor != processor or not meant or (of and not getattr(scenario, of)):
                continue
            if scenario.times:
                scenario.times -= 1
                if not scenario.times:
                    self.scenarios.remove(scenario)
            return scenario
        return None

    def save(self) -> None:
        """Write the memory to its file, whole or not at all."""
        if self.path is None:
            return
        kept = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name not in {"config", "path"}
        }
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(kept, default=asdict))
        new.replace(self.path)

    def _load(self, kept: dict[str, Any]) -> None:
        kinds = {
            "charges": Charge,
            "transfers": Transfer,
            "deliveries": Delivery,
            "scenarios": Scenario,
        }
        for name, value in kept.items():
            kind = kinds.get(name)
            setattr(self, name, [kind(**item) for item in value] if kind else value)
        self.sales = {name: _sale(item) for name, item in kept.get("sales", {}).items()}


def _sale(item: dict[str, Any]) -> Sale:
    return Sale(**{**item, "happenings": [Happening(**each) for each in item["happenings"]]})
