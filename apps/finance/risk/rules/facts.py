"""What is known of a payment, and the little of it that is kept."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from apps.core.money import Money

_V4 = 4
#: What is kept of an address: the network of a small neighbourhood.
_KEPT_V4, _KEPT_V6 = 24, 48
#: The prefix lengths that an entry of a block list may have.
LISTED_V4, LISTED_V6 = range(16, 33), (*range(32, 65), 128)


@dataclass(frozen=True, slots=True)
class RiskFacts:
    """A payment about to be made, as the caller knows it. Empty is what is not known.

    ``payer_id`` is the profile's. ``fingerprint`` is a gateway's name for the card, the same
    whenever the card is. Countries are ISO 3166 codes of two letters.
    """

    cluster: str
    payer_id: int
    amount: Money
    kind: str = ""
    method: str = "CARD"
    ip: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    fingerprint: str = field(default="", repr=False)
    bin: str = ""
    country_card: str = ""
    country_place: str = ""
    country_ip: str = ""
    account_created_at: datetime | None = None
    first_purchase: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What rules look at and what is kept: no address, no mail address, no name of a card."""

    cluster: str
    payer_id: int
    amount: Money
    kind: str = ""
    method: str = ""
    card_hash: str = ""
    ip_hash: str = ""
    network: str = ""
    #: Every network an entry may name that the address is in. Not kept.
    networks: tuple[str, ...] = ()
    email_domain: str = ""
    bin: str = ""
    country_card: str = ""
    country_place: str = ""
    country_ip: str = ""
    account_age_minutes: int | None = None
    first_purchase: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return what is kept beside the columns of an assessment."""
        return {
            "kind": self.kind,
            "method": self.method,
            "email_domain": self.email_domain,
            "bin": self.bin,
            "country_card": self.country_card,
            "country_place": self.country_place,
            "country_ip": self.country_ip,
            "account_age_minutes": self.account_age_minutes,
            "first_purchase": self.first_purchase,
        }

    @classmethod
    def from_kept(cls, kept: dict[str, Any], **columns: Any) -> Self:
        """Read it back; of the address only the kept network remains."""
        network = columns.get("network", "")
        return cls(**columns, networks=_listed(network) if network else (), **kept)


def known_of(facts: RiskFacts, *, digest: Callable[[str, str], str], now: datetime) -> Known:
    """Return what is kept of a payment; ``digest(what, value)`` is a keyed hash."""
    made = facts.account_created_at
    return Known(
        cluster=facts.cluster,
        payer_id=facts.payer_id,
        amount=facts.amount,
        kind=facts.kind,
        method=facts.method,
        card_hash=digest("card", facts.fingerprint) if facts.fingerprint else "",
        ip_hash=digest("ip", facts.ip) if _address(facts.ip) else "",
        network=network_of(facts.ip),
        networks=_listed(facts.ip) if _address(facts.ip) else (),
        email_domain=facts.email.rpartition("@")[2].lower()[:253] if "@" in facts.email else "",
        bin=facts.bin[:8],
        country_card=facts.country_card,
        country_place=facts.country_place[:2],
        country_ip=facts.country_ip,
        account_age_minutes=int((now - made).total_seconds() // 60) if made else None,
        first_purchase=facts.first_purchase,
    )


def network_of(ip: str) -> str:
    """Return the network an address is kept as, ``""`` for what is no address."""
    address = _address(ip)
    if address is None:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Network((int(address), _KEPT_V4), strict=False))
    return str(ipaddress.IPv6Network((int(address), _KEPT_V6), strict=False))


def _address(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(ip)
    except ValueError:
        return None


def _listed(place: str) -> tuple[str, ...]:
    """Return every network of a length that lists know, in which an address or network is."""
    network = ipaddress.ip_network(place, strict=False)
    lengths = LISTED_V4 if network.version == _V4 else LISTED_V6
    return tuple(
        str(network.supernet(new_prefix=length))
        for length in lengths
        if length <= network.prefixlen
    )
