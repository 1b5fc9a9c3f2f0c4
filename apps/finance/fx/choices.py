"""The words of exchange rates, and what the platform takes for granted about them."""

from __future__ import annotations

#: The currency the platform keeps its own books in (IAS 21.8): gains are measured in it.
FUNCTIONAL = "USD"
#: What somebody read from a source without a file, and typed.
MANUAL = "MANUAL"
#: The European Central Bank's euro reference rates.
ECB = "ECB"
#: Which currency of a pair is written first. Fiat follows the market's convention (EUR, GBP, AUD,
#: USD, CAD, JPY), so that a pair is never kept both ways round and two answers cannot differ.
RANK = ("BTC", "ETH", "USDC", "USDT", "EUR", "GBP", "AUD", "USD", "CAD", "JPY")
CRYPTO = frozenset({"BTC", "ETH", "USDC", "USDT"})
#: Days a rate may be older than the day it is asked for. The ECB publishes on TARGET days at
#: about 16:00 CET; over Easter the rate of Thursday serves until Tuesday afternoon.
FIAT_AGE = 5
#: Crypto assets trade every day: yesterday's rate serves until today's is in.
CRYPTO_AGE = 1
#: A typed rate further than this from the last one known is taken for a slip of the finger.
MOST_DEVIATION_BPS = 2500
