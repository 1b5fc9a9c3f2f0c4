"""How much, and with what words, a payment may be made."""

from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.rules.redact import has_card_number

#: Currencies of fiat wallets and cards.
CURRENCIES = frozenset({"USD", "EUR", "GBP", "CAD", "AUD", "JPY"})
WALLET_TIP = ("1.00", "500.00")
WALLET_TIP_WHOLE_UNITS = ("100", "50000")  # currencies without decimals
#: Far above any payment, far below what a BIGINT holds.
MOST_MINOR = 10**12
MESSAGE_MAX = 280
KEY_MAX = 200


def check_wallet_tip(amount: Money) -> None:
    """
    Answer only if a wallet tip may be this much.

    :raises CurrencyNotOffered: no wallet is kept in this currency
    :raises AmountOutOfRange: it is too little or too much
    """
    if amount.currency not in CURRENCIES:
        raise errors.CurrencyNotOffered(currency=amount.currency)
    least, most = WALLET_TIP_WHOLE_UNITS if amount.currency == "JPY" else WALLET_TIP
    check_between(
        amount, Money.of(least, amount.currency).minor, Money.of(most, amount.currency).minor
    )


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
