"""The words of risk: outcomes, states of rules, what a rule may look at, what a list may hold."""

from __future__ import annotations

from django.db.models import TextChoices


class Outcome(TextChoices):
    ALLOW = "ALLOW", "Allow"
    CHALLENGE = "CHALLENGE", "Challenge: the payer proves it is him"
    REVIEW = "REVIEW", "Review: a person decides"
    BLOCK = "BLOCK", "Block"


class RuleStatus(TextChoices):
    SHADOW = "SHADOW", "Shadow: counted, not followed"
    LIVE = "LIVE", "Live"
    RETIRED = "RETIRED", "Retired"


class RuleKind(TextChoices):
    VELOCITY = "VELOCITY", "Too often, or too much, in a time"
    MISMATCH = "MISMATCH", "Two countries differ"
    YOUNG_ACCOUNT = "YOUNG_ACCOUNT", "The account is young"
    LARGE_AMOUNT = "LARGE_AMOUNT", "The amount is large"
    UNUSUAL_AMOUNT = "UNUSUAL_AMOUNT", "The amount is far above the payer's usual"
    BLOCK_LIST = "BLOCK_LIST", "On a block list"


class Who(TextChoices):
    PAYER = "PAYER", "payer"
    CARD = "CARD", "card"
    IP = "IP", "address"


class What(TextChoices):
    ATTEMPTS = "ATTEMPTS", "attempts"
    AMOUNT = "AMOUNT", "amount"
    DECLINES = "DECLINES", "declines"
    CARDS = "CARDS", "different cards"
    PAYERS = "PAYERS", "different payers"


class Pair(TextChoices):
    CARD_PLACE = "CARD_PLACE", "card and the payer's place"
    CARD_IP = "CARD_IP", "card and address"
    PLACE_IP = "PLACE_IP", "the payer's place and address"


class ListKind(TextChoices):
    PAYER = "PAYER", "Payer"
    CARD = "CARD", "Card"
    NETWORK = "NETWORK", "Network"
    EMAIL_DOMAIN = "EMAIL_DOMAIN", "Mail domain"
    BIN = "BIN", "Beginning of card numbers"


class Result(TextChoices):
    """What became of the payment; a chargeback overrules all, and never goes away."""

    NONE = "", "Not known"
    PAID = "PAID", "Paid"
    DECLINED = "DECLINED", "Declined"
    CHARGEBACK = "CHARGEBACK", "Charged back, or reported as fraud"


class ReviewState(TextChoices):
    NONE = "", "None needed"
    WAITING = "WAITING", "Waits"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
