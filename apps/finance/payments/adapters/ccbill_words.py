"""CCBill's own words: digests, currencies, clocks. Pure.

Sources: ccbill.com/doc (formdigest-value, dynamic-pricing-user-guide); MD5 is CCBill's choice.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

from apps.core.money import SCALES, Money

#: ISO 4217 numbers as text: as numbers "036" would lose its zero.
CURRENCY_CODES = {
    "USD": "840", "EUR": "978", "GBP": "826", "CAD": "124", "AUD": "036", "JPY": "392",
}  # fmt: skip
CURRENCIES = {code: name for name, code in CURRENCY_CODES.items()}
#: CCBill's clocks show Arizona time: UTC-7 all year.
ARIZONA = timezone(timedelta(hours=-7))


def form_digest(*, price: str, period: str, currency_code: str, salt: str) -> str:
    """MD5 over the exact texts of a one-time price (ccbill.com/doc/formdigest-value)."""
    return _md5(price + period + currency_code + salt)


def recurring_form_digest(
    *,
    price: str,
    period: str,
    recurring_price: str,
    recurring_period: str,
    rebills: str,
    currency_code: str,
    salt: str,
) -> str:
    """MD5 over the exact texts of a price that renews (same page)."""
    return _md5(
        price + period + recurring_price + recurring_period + rebills + currency_code + salt
    )


def response_digest(*, identifier: str, approved: bool, salt: str) -> str:
    """MD5 that the browser brings back: over the subscription id, or the denial id."""
    return _md5(identifier + ("1" if approved else "0") + salt)


def price_text(amount: Money) -> str:
    """``25.00``; yen without decimals."""
    return f"{amount.decimal:.{SCALES[amount.currency]}f}"


def arizona_time(text: str) -> datetime | None:
    """Read ``2022-02-26 08:21:49`` as UTC-7; None when there is no such time in it."""
    return _time(text, "%Y-%m-%d %H:%M:%S")


def arizona_stamp(text: str) -> datetime | None:
    """Read ``20220226082149`` as UTC-7; None when there is no such time in it."""
    return _time(text, "%Y%m%d%H%M%S")


def _time(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=ARIZONA).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
