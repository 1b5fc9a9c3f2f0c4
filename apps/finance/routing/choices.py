"""The words of routing: states of a version, what a rule may do, why an account is left out."""

from __future__ import annotations

from django.db.models import TextChoices


class VersionStatus(TextChoices):
    DRAFT = "DRAFT", "Draft"
    ACTIVE = "ACTIVE", "Active"
    RETIRED = "RETIRED", "Retired"


class Action(TextChoices):
    ACCOUNTS = "ACCOUNTS", "Send to accounts, by shares"
    SORT = "SORT", "Take the best by an order"
    EXCLUDE = "EXCLUDE", "Leave accounts out, and go on"


class SortBy(TextChoices):
    COST = "COST", "Cheapest first"
    SUCCESS = "SUCCESS", "Best recent success first"
    HEADROOM = "HEADROOM", "Most room under cap and ratio first"


class Why(TextChoices):
    """Why an account cannot take a payment, whatever a rule says; or which rule kept it out."""

    CURRENCY = "CURRENCY", "It charges another currency"
    METHOD = "METHOD", "It does not take this method"
    TOO_SMALL = "TOO_SMALL", "The amount is below its smallest charge"
    TOO_LARGE = "TOO_LARGE", "The amount is above its largest charge"
    COUNTRY = "COUNTRY", "It does not take payers of this country"
    CARD_BRAND = "CARD_BRAND", "It does not take cards of this brand"
    NOT_YET = "NOT_YET", "It does not process yet"
    NO_LONGER = "NO_LONGER", "It processes no longer"
    UNHEALTHY = "UNHEALTHY", "Its gateway is failing"
    CAP = "CAP", "The charge would pass its monthly cap"
    RATIO = "RATIO", "Its chargeback ratio is close to the limit"
    RULE = "RULE", "A rule leaves it out"
    NOT_NAMED = "NOT_NAMED", "The rule allows only other accounts"


#: What payments above call their kinds and methods, for whoever writes a rule.
KINDS = {
    "TIP": "Tip",
    "SUBSCRIPTION": "Subscription",
    "CONTENT": "Content",
    "MESSAGE": "Message",
    "WALLET_DEPOSIT": "Wallet deposit",
}
METHODS = {
    "CARD": "Card",
    "CRYPTO": "Coins",
    "BANK_DEBIT": "Bank debit",
    "TRANSFER": "Bank transfer",
}
CARD_BRANDS = {
    "VISA": "Visa",
    "MASTERCARD": "Mastercard",
    "AMEX": "American Express",
    "DISCOVER": "Discover",
    "DINERS": "Diners",
    "JCB": "JCB",
    "UNIONPAY": "UnionPay",
}
