"""CCBill's dynamic pricing: what a FlexForms link says, whether it may be shown, its digests.

Facts: ccbill.com/doc formdigest-value and dynamic-pricing-user-guide; return digests as in
public clients (mixer/ccbill-node).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sandbox.config import CcbillAccount, Config, Subaccount

#: ISO 4217 numbers are text: 036 is not 36.
CURRENCIES = {
    "840": ("USD", "$"),
    "978": ("EUR", "€"),
    "826": ("GBP", "£"),
    "124": ("CAD", "CA$"),
    "036": ("AUD", "A$"),
    "392": ("JPY", "¥"),
}
REQUIRED = (
    *("clientAccnum", "clientSubacc", "initialPrice", "initialPeriod"),
    *("currencyCode", "formDigest"),
)
RECURRING = ("recurringPrice", "recurringPeriod", "numRebills")
PERIOD_DAYS = range(2, 366)
#: Our page's own parameters, never echoed.
OWN = frozenset({"sandboxCard"})


class Refused(Exception):
    """The link cannot be shown as a form; the message is what the page says."""


@dataclass(frozen=True, slots=True)
class Order:
    """A link that passed all checks."""

    flex_id: str
    account: CcbillAccount
    client_subacc: str
    subaccount: Subaccount
    price: str
    period: int
    currency_code: str
    form_digest: str
    passed_through: dict[str, str]
    recurring_price: str = ""
    recurring_period: int = 0
    rebills: str = "0"

    @property
    def token(self) -> str:
        """The merchant's own name of the order, as far as the sandbox cares."""
        return self.passed_through.get("X-order", "")

    @property
    def currency(self) -> str:
        """ISO 4217 letters."""
        return CURRENCIES[self.currency_code][0]

    @property
    def price_text(self) -> str:
        """The price for a person: ``$45.00 USD``."""
        return f"{CURRENCIES[self.currency_code][1]}{self.price} {self.currency}"


def form_digest(price: str, period: str, currency_code: str, salt: str) -> str:
    """Return MD5 of price + period + currencyCode + salt, for a charge that does not recur."""
    return _md5(price + period + currency_code + salt)


def recurring_digest(query: Mapping[str, str], salt: str) -> str:
    """Return MD5 of both prices, both periods, the rebills, the currency code and the salt."""
    names = (*("initialPrice", "initialPeriod"), *RECURRING, "currencyCode")
    return _md5("".join(query[name] for name in names) + salt)


def return_digest(identifier: str, *, approved: bool, salt: str) -> str:
    """Return MD5 of subscription_id + "1" + salt, or of denialId + "0" + salt."""
    return _md5(identifier + ("1" if approved else "0") + salt)


def read_order(config: Config, flex_id: str, query: Mapping[str, str]) -> Order:
    """Check a FlexForms link.

    :raises Refused: when a field is missing or the account, price, period, currency or digest
        is not right.
    """
    missing = [name for name in REQUIRED if not query.get(name)]
    if missing:
        raise Refused(f"Required fields are missing: {', '.join(missing)}.")
    account = next(
        (item for item in config.ccbill if item.client_accnum == query["clientAccnum"]), None
    )
    if account is None or query["clientSubacc"] not in account.subaccounts:
        raise Refused("The client account or sub-account is unknown.")
    check_price(account, query)
    renews = "recurringPrice" in query
    expected = (
        recurring_digest(query, account.salt)
        if renews
        else form_digest(
            query["initialPrice"], query["initialPeriod"], query["currencyCode"], account.salt
        )
    )
    if not hmac.compare_digest(expected.encode(), query["formDigest"].lower().encode()):
        raise Refused("The form digest does not match the price, period and currency.")
    return Order(
        flex_id=flex_id,
        account=account,
        client_subacc=query["clientSubacc"],
        subaccount=account.subaccounts[query["clientSubacc"]],
        price=query["initialPrice"],
        period=int(query["initialPeriod"]),
        currency_code=query["currencyCode"],
        form_digest=query["formDigest"],
        passed_through=_passed_through(query),
        recurring_price=query["recurringPrice"] if renews else "",
        recurring_period=int(query["recurringPeriod"]) if renews else 0,
        rebills=query["numRebills"] if renews else "0",
    )


def check_price(account: CcbillAccount, query: Mapping[str, str]) -> None:
    """
    Hold price, period and currency against the account's rules.

    :raises Refused: one of them is not right
    """
    code, period = query["currencyCode"], query["initialPeriod"]
    if code not in CURRENCIES:
        raise Refused("The currency code is unknown.")
    if not (period.isascii() and period.isdigit() and int(period) in PERIOD_DAYS):
        raise Refused("The period must be 2 to 365 days.")
    price = _price(query["initialPrice"], code)
    given = [name for name in RECURRING if query.get(name)]
    if given and len(given) < len(RECURRING):
        raise Refused("Required fields are missing: a subscription names price, period, rebills.")
    if given:
        _price(query["recurringPrice"], code)
        if not (query["recurringPeriod"].isdigit() and query["numRebills"].isdigit()):
            raise Refused("The recurring period and the rebills must be whole numbers.")
    if not Decimal(account.minimum_price) <= price <= Decimal(account.maximum_price):
        raise Refused(
            f"The price must be between {account.minimum_price} and {account.maximum_price}."
        )


def _price(text: str, code: str) -> Decimal:
    places = 0 if code == "392" else 2
    try:
        price = Decimal(text)
    except InvalidOperation as problem:
        raise Refused("The price is not a number.") from problem
    if not price.is_finite() or f"{price:.{places}f}" != text:
        raise Refused(f"The price must have {places} decimals.")
    return price


def _passed_through(query: Mapping[str, str]) -> dict[str, str]:
    """Every parameter comes back as X-<name>; one that has the prefix already keeps it."""
    return {
        name if name.startswith("X-") else f"X-{name}": value
        for name, value in query.items()
        if name not in OWN
    }


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
