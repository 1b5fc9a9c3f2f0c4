"""Examples of coins' addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.core.coin_addresses import (
    Address,
    NotAnAddress,
    eip55,
    read_bitcoin,
    read_ethereum,
    read_tron,
)
from apps.ops.services.vectors.entry import Entry, NotUnderstood
from apps.ops.services.vectors.wallets import coinbase


def crypto(entry: Entry) -> list[Any]:
    """Valid ones must read as said, invalid ones must not read; or one address and its bytes."""
    valid, invalid = entry.listed("valid"), entry.listed("invalid")
    if valid or invalid:
        wrong = [_name(each) for each in valid if not _reads(each)]
        wrong += [_name(each) for each in invalid if _reads(each)]
        # The lists have no expected value: the example itself is what is expected.
        return [entry.expected if not wrong else f"wrongly judged: {', '.join(wrong[:3])}"]
    if entry.secret:
        return coinbase(entry)
    if not isinstance(entry.input, str):
        raise NotUnderstood("no address")
    try:
        address = _read(entry.input)
    except NotAnAddress:
        return [False]
    if isinstance(entry.expected, bool):
        return [True]
    if address.chain == "ethereum":
        return [f"0x{eip55(address.payload)}", address.payload, f"0x{address.payload}"]
    return [address.payload, address.script]


def _reads(given: object) -> bool:
    try:
        address = _read(_name(given))
    except NotAnAddress:
        return False
    script = given.get("scriptPubKey") if isinstance(given, Mapping) else None
    return script is None or address.script == script


def _read(text: str) -> Address:
    if text[:2].lower() == "0x":
        return read_ethereum(text)
    if text.startswith("T") and not text.startswith("TB1"):
        return read_tron(text)
    return read_bitcoin(text)


def _name(given: object) -> str:
    if isinstance(given, list):
        given = given[0] if given else ""
    return str(given.get("address", "")) if isinstance(given, Mapping) else str(given)
