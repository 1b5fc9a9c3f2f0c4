"""What a merchant account (MID) is at each gateway, and what of it may be set to what."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from apps.finance.payments.choices import Method
from apps.finance.payments.rules.statements import says_who
from apps.finance.tax.rules.countries import COUNTRIES

#: What gateways name the parts of an account may hold; long enough for every one of them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:@/_-]{0,79}")
_CREDENTIALS = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MCC = re.compile(r"[0-9]{4}")
LABEL_LENGTH, DESCRIPTOR_LENGTH, REASON_LENGTH = 60, 60, 300
PART_LENGTHS = {"number": 80, "subaccount": 40, "form": 60}
CARD_BRANDS = ("VISA", "MASTERCARD", "AMEX", "DISCOVER", "JCB", "DINERS")
MOST_RANK = 32_767
COST_BPS_MOST = 5_000


class Parts(NamedTuple):
    """What the gateway calls the parts of an account; empty: it has no such part there."""

    number: str
    subaccount: str = ""
    form: str = ""
    #: Parts that may stay empty although the gateway has them.
    optional: frozenset[str] = frozenset()
    #: A sale that cannot exist, by which its look-up proves that it hears and knows us; empty:
    #: our own token will do; None: it finds nothing without a true sale.
    probe: str | None = ""


#: Names as the gateways' own documents have them; see docs/gateways/<name>.md.
PARTS = {
    "ccbill": Parts("clientAccnum", "clientSubacc", "FlexForms id", probe="0000000000000000001"),
    "segpay": Parts("MerchantID", "", "e-ticket, package:pricepoint"),
    "epoch": Parts("company", "reseller", "pi_code", frozenset({"subaccount"}), probe=None),
    "vendo": Parts("merchant id", "site id", "offer id"),
    "verotel": Parts("shopID"),
    "netbilling": Parts("account id", "site tag"),
    "commercegate": Parts("merchantId", "merchantWebsiteId", probe="0"),
    # A link it does not know and a key it does not know are refused alike.
    "adyen": Parts("merchantAccount", probe=None),
    "rapyd": Parts("our name for it"),
    "nmi": Parts("our name for it", "processor_id", "", frozenset({"subaccount"})),
    "btcpay": Parts("store id"),
    "nowpayments": Parts("our name for it", probe="1"),
    "ach": Parts("our name for it"),
    "sepa": Parts("our name for it"),
    "wire": Parts("our name for it"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Which account at which gateway, and with which secrets: where a payer's money goes."""

    gateway: str
    number: str
    currency: str
    subaccount: str = ""
    form: str = ""
    #: Name of the set of secrets; empty: the one of the gateway's name.
    credentials: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account may be used. Amounts in the account's currency's smallest unit."""

    descriptor: str
    least_minor: int
    most_minor: int
    label: str = ""
    mcc: str = ""
    monthly_cap_minor: int | None = None
    countries: tuple[str, ...] = ()
    card_brands: tuple[str, ...] = ()
    cost_bps: int = 0
    cost_fixed_minor: int = 0
    processes_from: date | None = None
    processes_until: date | None = None
    rank: int = 100


def why_not_place(place: Place, currencies: Collection[str]) -> str:
    """Return what is wrong with a place, or nothing."""
    parts = PARTS[place.gateway]
    if place.currency not in currencies:
        return f"The gateway does not take {place.currency or 'no currency'}."
    for name, given in (
        ("number", place.number),
        ("subaccount", place.subaccount),
        ("form", place.form),
    ):
        wrong = _why_not_part(name, given, parts)
        if wrong:
            return wrong
    return why_not_credentials(place.gateway, place.credentials)


def _why_not_part(name: str, given: str, parts: Parts) -> str:
    wanted = getattr(parts, name)
    if not wanted:
        return f"The gateway has no {name}." if given else ""
    if not given:
        return "" if name in parts.optional else f"Its {name} is missing: {wanted}."
    if len(given) > PART_LENGTHS[name] or not _NAME.fullmatch(given):
        return f"Its {name} is none: {wanted}."
    return ""


def why_not_credentials(gateway: str, name: str) -> str:
    """Another gateway's secrets must never be used, or sent, here."""
    if not name or name == gateway:
        return ""
    if not _CREDENTIALS.fullmatch(name) or not name.startswith(f"{gateway}-"):
        return f"Sets of secrets of this gateway are named {gateway} or {gateway}-..."
    return ""


def why_not_terms(terms: Terms, *, method: str) -> str:
    """Return what is wrong with terms of an account that takes a method, or nothing."""
    first, last = terms.processes_from, terms.processes_until
    checks = (
        (_is_text(terms.descriptor, DESCRIPTOR_LENGTH), "Say what the statement will show."),
        (
            method != Method.CARD or says_who(terms.descriptor),
            "What a card statement shows carries our site's address or telephone number.",
        ),
        (not terms.label or _is_text(terms.label, LABEL_LENGTH), "The label is too long."),
        (not terms.mcc or _MCC.fullmatch(terms.mcc), "A category code has four digits."),
        (0 < terms.least_minor <= terms.most_minor, "The smallest charge is over the largest."),
        (
            terms.monthly_cap_minor is None or terms.monthly_cap_minor > 0,
            "The cap is not above 0.",
        ),
        (COUNTRIES.keys() >= set(terms.countries), "Countries are codes of ISO 3166, like US."),
        (set(CARD_BRANDS) >= set(terms.card_brands), "One of the card brands is not known."),
        (0 <= terms.cost_bps <= COST_BPS_MOST, "The cost is not between 0 and half the charge."),
        (terms.cost_fixed_minor >= 0, "The cost of each charge is below 0."),
        (first is None or last is None or first <= last, "Its last day is before its first."),
        (0 <= terms.rank <= MOST_RANK, f"The rank is not between 0 and {MOST_RANK}."),
    )
    return next((why for holds, why in checks if not holds), "")


def _is_text(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable() and text == text.strip()


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what differs, as [before, after] by name."""
    return {name: [before[name], new] for name, new in after.items() if before[name] != new}
