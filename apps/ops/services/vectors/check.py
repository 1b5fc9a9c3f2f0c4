"""Read a file of examples, recompute each, say what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from apps.core.errors import Invalid
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.adapters.strict import Number
from apps.ops.services.vectors import banks, cards, coins, wallets
from apps.ops.services.vectors.entry import Entry, NotUnderstood

#: What each processor's examples are recomputed by.
PROCESSORS: dict[str, Callable[[Entry], list[Any]]] = {
    "ccbill": cards.ccbill,
    "segpay": cards.segpay,
    "epoch": cards.epoch,
    "vendo": cards.vendo,
    "verotel": cards.verotel,
    "netbilling": cards.netbilling,
    "commercegate": wallets.commercegate,
    "adyen": wallets.adyen,
    "rapyd": wallets.rapyd,
    "nmi": wallets.nmi,
    "hms": wallets.nmi,
    "hms_nmi": wallets.nmi,
    "btcpay": wallets.btcpay,
    "nowpayments": wallets.nowpayments,
    "coinbase": wallets.coinbase,
    "coinbase_commerce": wallets.coinbase,
    "coinbase-commerce": wallets.coinbase,
    "crypto": coins.crypto,
    "paxum": banks.paxum,
    "ach": banks.ach,
    "nacha": banks.ach,
    "sepa": banks.reference,
    "iban": banks.reference,
    "wire": banks.reference,
    "wire_swift": banks.reference,
}
#: Rails for payouts whose adapters do not exist here.
NOT_IMPLEMENTED = frozenset({"wise", "payoneer", "epayservice", "check", "store_credit"})
_SAMPLES = "samples_without_secret"


class NoVectors(Invalid):
    code = "ops.no_vectors"
    message = "The file holds no examples that can be read."


class Verdict(Enum):
    OK = "ok"
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    NOT_IMPLEMENTED = "not implemented"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True)
class Checked:
    id: str
    processor: str
    verdict: Verdict
    why: str = ""


def check_file(content: bytes) -> list[Checked]:
    """
    Recompute every example of a file, by its processor and shape, never by its name.

    :raises NoVectors: it is no JSON object, or holds no example
    """
    checked = [check(entry, sample=sample) for entry, sample in _entries(_loaded(content))]
    if not checked:
        raise NoVectors()
    return checked


def check(entry: Entry, *, sample: bool = False) -> Checked:
    """Recompute one example. A sample has no secret, so there is nothing to compare."""
    verdict, why = _judge(entry, sample=sample)
    return Checked(entry.id, entry.processor, verdict, why)


def _judge(entry: Entry, *, sample: bool) -> tuple[Verdict, str]:
    if entry.processor in NOT_IMPLEMENTED:
        return Verdict.NOT_IMPLEMENTED, "no adapter of this processor exists here"
    if entry.processor not in PROCESSORS:
        return Verdict.UNKNOWN, "no such processor is known here"
    if sample:
        return Verdict.SAMPLE, "it comes without a secret"
    try:
        computed = PROCESSORS[entry.processor](entry)
    except (NotUnderstood, Unreadable, ValueError) as error:
        # ValueError: an address that is none, or half a character in a text.
        return Verdict.UNKNOWN, str(error)[:200]
    if any(_fits(each, entry) for each in computed):
        return Verdict.OK, ""
    return Verdict.DIFFERS, f"computed {str(computed[0])[:200]}"


def _fits(computed: Any, entry: Entry) -> bool:
    prefix = entry.more.get("expected_prefix")
    full = entry.more.get("expected_full_computed")
    if isinstance(prefix, str) and isinstance(computed, str):
        return computed.startswith(prefix) and (full is None or computed == full)
    return bool(computed == entry.expected)


def _loaded(content: bytes) -> Mapping[str, Any]:
    try:
        loaded = json.loads(content, parse_int=Number, parse_float=Number)
    except (ValueError, RecursionError) as error:
        raise NoVectors() from error
    if not isinstance(loaded, dict):
        raise NoVectors()
    return loaded


def _entries(loaded: Mapping[str, Any]) -> Iterator[tuple[Entry, bool]]:
    """A file keeps its examples in sections, or by their names."""
    named = {name: each for name, each in loaded.items() if _is_entry(each)}
    for name, each in named.items():
        yield Entry.of(name, each), _is_sample(each)
    for section, listed in loaded.items():
        if section in named or not isinstance(listed, list | dict):
            continue
        pairs = listed.items() if isinstance(listed, dict) else enumerate(listed, 1)
        for place, each in pairs:
            if _is_entry(each):
                sample = section == _SAMPLES or _is_sample(each)
                yield Entry.of(f"{section}/{place}", each), sample


def _is_entry(each: object) -> bool:
    return isinstance(each, dict) and "processor" in each


def _is_sample(each: Mapping[str, Any]) -> bool:
    return ("sample" in each or "samples" in each) and "expected" not in each
