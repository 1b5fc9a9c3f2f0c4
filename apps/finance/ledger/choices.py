"""The ledger's words."""

from django.db.models import TextChoices


class AccountType(TextChoices):
    ASSET = "ASSET"
    LIABILITY = "LIABILITY"
    EQUITY = "EQUITY"
    INCOME = "INCOME"
    EXPENSE = "EXPENSE"


class Side(TextChoices):
    """The side on which an account's balance is positive."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class OwnerKind(TextChoices):
    """Whose accounts stand under a node of the chart; the word before the colon of an owner."""

    NONE = "", "The platform"
    PROFILE = "profile", "A person on one brand"
    PROCESSOR = "processor", "A card processor"
    RAIL = "rail", "A payout rail"


class EntryKind(TextChoices):
    """One per business event of postings.py."""

    WALLET_DEPOSIT = "WALLET_DEPOSIT", "Wallet deposit by card"
    TIP_CARD = "TIP_CARD", "Tip by card"
    TIP_WALLET = "TIP_WALLET", "Tip from the wallet"
    PAYOUT_RESERVED = "PAYOUT_RESERVED", "Payout reserved"
    PAYOUT_SETTLED = "PAYOUT_SETTLED", "Payout settled"
    PAYOUT_CANCELLED = "PAYOUT_CANCELLED", "Payout cancelled or failed"
    PAYOUT_RETURNED = "PAYOUT_RETURNED", "Payout returned by the rail"
    REVERSAL = "REVERSAL", "Reversal"
