"""What gateways tell of the card that paid, in one word for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: What gateways write, lower case and without blanks, for each network that judges merchants.
_NETWORKS = {
    "VISA": ("visa", "vi", "visadebit", "visacredit", "visaelectron", "electron"),
    "MASTERCARD": ("mastercard", "mc", "master", "maestro", "mastercarddebit", "eurocard"),
    "AMEX": ("amex", "americanexpress", "ax"),
    "DISCOVER": ("discover", "di", "ds"),
    "JCB": ("jcb", "jc"),
    "DINERS": ("diners", "dinersclub", "dc", "dn"),
}
_NETWORK_OF = {text: network for network, texts in _NETWORKS.items() for text in texts}
#: Names under which adapters hand the brand on.
_FACTS = ("card_brand", "cardType", "CCBrand", "paymentMethod")
_COUNTRY_LETTERS = 2


class Card(NamedTuple):
    """The network (empty: not told, or none that judges) and the issuer's or buyer's country."""

    network: str = ""
    country: str = ""


def card_of(facts: Mapping[str, str]) -> Card:
    """Return what the facts of a piece of news say of the card."""
    told = next((facts[name] for name in _FACTS if facts.get(name)), "")
    country = facts.get("country", "").upper()
    is_country = len(country) == _COUNTRY_LETTERS and country.isascii() and country.isalpha()
    plain = "".join(letter for letter in told.lower() if letter.isalpha())
    return Card(_NETWORK_OF.get(plain, ""), country if is_country else "")
