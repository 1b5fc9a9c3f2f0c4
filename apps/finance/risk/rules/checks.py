"""Whether a rule or an entry makes sense, said by the name of the field that is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any

from apps.core.money import SCALES
from apps.finance.risk import errors
from apps.finance.risk.choices import ListKind, Pair, RuleKind, What, Who
from apps.finance.risk.rules.facts import LISTED_V4, LISTED_V6
from apps.finance.risk.rules.judge import WHOLE

#: Addresses are forgotten after 90 days, and long windows are dear.
LONGEST_MINUTES = 30 * 24 * 60
MOST = 10**12
_CODE = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_BIN = re.compile(r"[0-9]{4,8}", re.ASCII)


def check_rule(*, code: str, kind: str, score: int, params: Mapping[str, Any]) -> None:
    """
    Answer only if the rule can be followed.

    :raises RuleWrong: it cannot; ``field`` names what to change
    """
    if not _CODE.fullmatch(code):
        _wrong("code", "Name the rule in 3 to 40 small letters, digits and underscores.")
    if kind not in RuleKind.values:
        _wrong("kind", "There is no such kind of rule.")
    if not 0 <= score <= WHOLE:
        _wrong("score", "A score is 0 to 100.")
    _PARAMS[RuleKind(kind)](params)


def check_limits(*, challenge: int, review: int, block: int) -> None:
    """
    Answer only if the limits rise; 101 means never.

    :raises RuleWrong: they do not; ``field`` names what to change
    """
    for name, limit in (("challenge", challenge), ("review", review), ("block", block)):
        if not 1 <= limit <= WHOLE + 1:
            _wrong(name, "A limit is 1 to 100, or 101 for never.")
    if review < challenge:
        _wrong("review", "Review begins at or above challenge.")
    if block < review:
        _wrong("block", "Block begins at or above review.")


def clean_entry(kind: ListKind, value: str) -> str:
    """Return an entry as lists keep it. A card's name must be hashed before.

    :raises EntryWrong: it is none of its kind
    """
    value = value.strip().lower()
    clean = {
        ListKind.PAYER: _payer,
        ListKind.CARD: _card,
        ListKind.NETWORK: _network,
        ListKind.EMAIL_DOMAIN: _domain,
        ListKind.BIN: _bin,
    }[kind](value)
    if not clean:
        raise errors.EntryWrong(field="value", why=_HELP[kind])
    return clean


_HELP = {
    ListKind.PAYER: "Write the number of the profile.",
    ListKind.CARD: "Choose the card on one of its payments.",
    ListKind.NETWORK: "Write an address, or a network of /16 to /32 (IPv6: /32 to /64).",
    ListKind.EMAIL_DOMAIN: "Write a domain, as mail.example.",
    ListKind.BIN: "Write the first 4 to 8 digits.",
}


def _payer(value: str) -> str:
    return value if value.isascii() and value.isdigit() and len(value) < 19 else ""  # noqa: PLR2004


def _card(value: str) -> str:
    return value if re.fullmatch(r"[0-9a-f]{64}", value) else ""


def _network(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ""
    lengths = LISTED_V4 if network.version == 4 else LISTED_V6  # noqa: PLR2004
    return str(network) if network.prefixlen in lengths else ""


def _domain(value: str) -> str:
    value = value.removeprefix("@")
    return value if _DOMAIN.fullmatch(value) else ""


def _bin(value: str) -> str:
    return value if _BIN.fullmatch(value) else ""


def _velocity(params: Mapping[str, Any]) -> None:
    _among(params, "who", Who.values)
    _among(params, "what", What.values)
    _between(params, "minutes", 1, LONGEST_MINUTES)
    _between(params, "more_than", 0, MOST)
    if params["what"] == What.AMOUNT:
        _among(params, "currency", list(SCALES))
    if (params["who"], params["what"]) in {(Who.CARD, What.CARDS), (Who.PAYER, What.PAYERS)}:
        _wrong("what", "One card is one card, and one payer one payer.")


def _mismatch(params: Mapping[str, Any]) -> None:
    _among(params, "pair", Pair.values)


def _young(params: Mapping[str, Any]) -> None:
    _between(params, "hours", 1, 24 * 365)


def _large(params: Mapping[str, Any]) -> None:
    _among(params, "currency", list(SCALES))
    _between(params, "more_than", 1, MOST)


def _unusual(params: Mapping[str, Any]) -> None:
    _between(params, "times", 1, 1_000)
    _between(params, "least_payments", 1, 100)


def _listed(params: Mapping[str, Any]) -> None:
    lists = params.get("lists") or []
    if not lists or any(one not in ListKind.values for one in lists):
        _wrong("lists", "Choose at least one list.")


_PARAMS: dict[RuleKind, Callable[[Mapping[str, Any]], None]] = {
    RuleKind.VELOCITY: _velocity,
    RuleKind.MISMATCH: _mismatch,
    RuleKind.YOUNG_ACCOUNT: _young,
    RuleKind.LARGE_AMOUNT: _large,
    RuleKind.UNUSUAL_AMOUNT: _unusual,
    RuleKind.BLOCK_LIST: _listed,
}


def _among(params: Mapping[str, Any], name: str, known: list[str]) -> None:
    if params.get(name) not in known:
        _wrong(name, "Choose one.")


def _between(params: Mapping[str, Any], name: str, least: int, most: int) -> None:
    value = params.get(name)
    if not isinstance(value, int) or not least <= value <= most:
        _wrong(name, f"Write a whole number from {least} to {most}.")


def _wrong(field: str, why: str) -> None:
    raise errors.RuleWrong(field=field, why=why)
