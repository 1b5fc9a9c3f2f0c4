"""How much, and with what words, a payment may be made."""

from functools import cache

from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import SALES, Kind, Occasion
from apps.finance.payments.rules.redact import has_card_number

#: Currencies of fiat wallets and cards.
CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
WALLET_TIP = ("1.00", "500.00")
WALLET_TIP_WHOLE_UNITS = ("100", "50000")  # currencies without decimals
#: What has a price of its own: whoever sells it sets the range; a change of plan may cost a cent.
WALLET_SALE = ("0.01", "5000.00")
WALLET_SALE_WHOLE_UNITS = ("1", "500000")
#: Far above any payment, far below what a BIGINT holds.
MOST_MINOR = 10**12
MESSAGE_MAX = 280
KEY_MAX = 200
SUBJECT_MAX = 80


def check_wallet_sale(kind: Kind, amount: Money) -> None:
    """
    Answer only if a wallet may pay this much for a kind of sale.

    :raises CurrencyNotOffered: no wallet is kept in this currency
    :raises AmountOutOfRange: it is too little or too much
    """
    if amount.currency not in CURRENCIES:
        raise errors.CurrencyNotOffered(currency=amount.currency)
    check_between(amount, *wallet_range(kind, amount.currency))


@cache
def wallet_range(kind: Kind, currency: str) -> tuple[int, int]:
    """Return the least and the most that a wallet may pay at once, in the smallest unit."""
    whole = currency == "JPY"
    if kind == Kind.TIP:
        least, most = WALLET_TIP_WHOLE_UNITS if whole else WALLET_TIP
    else:
        least, most = WALLET_SALE_WHOLE_UNITS if whole else WALLET_SALE
    return Money.of(least, currency).minor, Money.of(most, currency).minor


def check_sold(*, kind: Kind, subject: str, occasion: Occasion) -> None:
    """
    Answer only if what is sold has a name, and its occasion is one of its kind.

    :raises NotForSale: it does not
    """
    named = bool(subject) or kind == Kind.TIP
    fits = len(subject) <= SUBJECT_MAX and subject.isprintable()
    if kind not in SALES or not (named and fits):
        raise errors.NotForSale(kind=str(kind), subject=subject[:SUBJECT_MAX])
    if (kind == Kind.SUBSCRIPTION) != (occasion != Occasion.NONE):
        raise errors.NotForSale(kind=str(kind), occasion=str(occasion))


def check_between(amount: Money, least_minor: int, most_minor: int) -> None:
    """
    Answer only if the amount lies in a closed range.

    :raises AmountOutOfRange: it does not
    """
    if not least_minor <= amount.minor <= most_minor:
        raise errors.AmountOutOfRange(
            amount=str(amount.decimal),
            least=str(Money(least_minor, amount.currency).decimal),
            most=str(Money(most_minor, amount.currency).decimal),
            currency=amount.currency,
        )


def check_words(*, message: str, idempotency_key: str) -> None:
    """
    Answer only if the texts of a payment fit.

    :raises MessageTooLong: over 280 characters
    :raises BadKey: an empty or overlong key, or one with control characters
    :raises CardDataRefused: one of them holds what looks like a card number (PCI DSS 3.5.1)
    """
    if len(message) > MESSAGE_MAX:
        raise errors.MessageTooLong(length=len(message), most=MESSAGE_MAX)
    if not 1 <= len(idempotency_key) <= KEY_MAX or not idempotency_key.isprintable():
        raise errors.BadKey()
    if has_card_number(message) or has_card_number(idempotency_key):
        raise errors.CardDataRefused()
