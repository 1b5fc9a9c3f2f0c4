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
    BANK = "bank", "A bank account"
    TAX = "tax", "A place that taxes"


class Bearer(TextChoices):
    """Who pays a fee or a loss."""

    CREATOR = "CREATOR"
    PLATFORM = "PLATFORM"


class Outcome(TextChoices):
    """What became of one draft of many."""

    POSTED = "POSTED"
    REPLAYED = "REPLAYED"
    REFUSED = "REFUSED"


class EntryKind(TextChoices):
    """One per business event of postings/."""

    WALLET_DEPOSIT = "WALLET_DEPOSIT", "Wallet deposit by card"
    TIP_CARD = "TIP_CARD", "Tip by card"
    TIP_WALLET = "TIP_WALLET", "Tip from the wallet"
    SUBSCRIPTION_CARD = "SUBSCRIPTION_CARD", "Subscription by card"
    SUBSCRIPTION_WALLET = "SUBSCRIPTION_WALLET", "Subscription from the wallet"
    RENEWAL_CARD = "RENEWAL_CARD", "Renewal by card"
    RENEWAL_WALLET = "RENEWAL_WALLET", "Renewal from the wallet"
    TRIAL_CARD = "TRIAL_CARD", "Paid trial by card"
    TRIAL_WALLET = "TRIAL_WALLET", "Paid trial from the wallet"
    PPV_CONTENT_CARD = "PPV_CONTENT_CARD", "Pay-per-view content by card"
    PPV_CONTENT_WALLET = "PPV_CONTENT_WALLET", "Pay-per-view content from the wallet"
    PPV_MESSAGE_CARD = "PPV_MESSAGE_CARD", "Pay-per-view message by card"
    PPV_MESSAGE_WALLET = "PPV_MESSAGE_WALLET", "Pay-per-view message from the wallet"
    REFUND_CARD = "REFUND_CARD", "Refund to the card"
    REFUND_WALLET = "REFUND_WALLET", "Refund to the wallet"
    DEPOSIT_REFUND = "DEPOSIT_REFUND", "Deposit refunded to the card"
    PLATFORM_FEE = "PLATFORM_FEE", "Platform fee outside a sale"
    PROCESSING_FEE = "PROCESSING_FEE", "Processing fee outside a sale"
    CHARGEBACK_OPENED = "CHARGEBACK_OPENED", "Chargeback opened"
    CHARGEBACK_FEE = "CHARGEBACK_FEE", "Chargeback fee"
    CHARGEBACK_WON = "CHARGEBACK_WON", "Chargeback won"
    CHARGEBACK_LOST = "CHARGEBACK_LOST", "Chargeback lost"
    RESERVE_HELD = "RESERVE_HELD", "Creator reserve held"
    RESERVE_RELEASED = "RESERVE_RELEASED", "Creator reserve released"
    DEBT_RECOVERED = "DEBT_RECOVERED", "Creator debt recovered"
    TAX_WITHHELD = "TAX_WITHHELD", "Tax withheld from a creator"
    PAYOUT_RESERVED = "PAYOUT_RESERVED", "Payout reserved"
    PAYOUT_SETTLED = "PAYOUT_SETTLED", "Payout settled"
    PAYOUT_CANCELLED = "PAYOUT_CANCELLED", "Payout cancelled or failed"
    PAYOUT_RETURNED = "PAYOUT_RETURNED", "Payout returned by the rail"
    CREDIT_GRANTED = "CREDIT_GRANTED", "Store credit granted"
    CREDIT_EXPIRED = "CREDIT_EXPIRED", "Store credit expired"
    BREAKAGE = "BREAKAGE", "Wallet money never spent"
    SETTLEMENT_RECEIVED = "SETTLEMENT_RECEIVED", "Settlement of a processor"
    PROCESSOR_RESERVE_HELD = "PROCESSOR_RESERVE_HELD", "Reserve kept by a processor"
    PROCESSOR_RESERVE_RELEASED = "PROCESSOR_RESERVE_RELEASED", "Reserve released by a processor"
    FEES_PAID = "FEES_PAID", "Processor fees paid"
    RAIL_FUNDED = "RAIL_FUNDED", "Payout rail funded"
    TAX_PAID = "TAX_PAID", "Tax paid"
    WRITE_OFF = "WRITE_OFF", "Write-off"
    CAPITAL_PAID_IN = "CAPITAL_PAID_IN", "Capital paid in"
    CAPITAL_PAID_OUT = "CAPITAL_PAID_OUT", "Paid out to the owner"
    LOAN_RECEIVED = "LOAN_RECEIVED", "Loan received"
    LOAN_REPAID = "LOAN_REPAID", "Loan repaid"
    EQUIPMENT_BOUGHT = "EQUIPMENT_BOUGHT", "Equipment bought"
    DEPRECIATION = "DEPRECIATION", "Equipment written down"
    EXPENSE_PAID = "EXPENSE_PAID", "Other expense paid"
    CURRENCY_EXCHANGED = "CURRENCY_EXCHANGED", "Currency exchanged"
    CURRENCY_REVALUED = "CURRENCY_REVALUED", "Currency gain or loss realised"
    RECONCILED = "RECONCILED", "Difference found by reconciliation"
    MANUAL_ADJUSTMENT = "MANUAL_ADJUSTMENT", "Manual adjustment"
    PERIOD_CLOSE = "PERIOD_CLOSE", "Closing of the year"
    CORRECTION = "CORRECTION", "Correction"
    REVERSAL = "REVERSAL", "Reversal"


class ProposalKind(TextChoices):
    """What one person proposes to the books and another decides."""

    ENTRY = "ENTRY", "Entry by hand"
    REVERSAL = "REVERSAL", "Reversal of an entry"
    CORRECTION = "CORRECTION", "Correction of an entry"
    REOPEN_PERIOD = "REOPEN_PERIOD", "Reopening of a period"


class ProposalState(TextChoices):
    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    EXPIRED = "EXPIRED", "Expired"


class PeriodState(TextChoices):
    """What a month of the books takes: everything, only entries made for its closing, nothing."""

    OPEN = "OPEN", "Open"
    CLOSING = "CLOSING", "Closing"
    CLOSED = "CLOSED", "Closed"


class CheckScope(TextChoices):
    """What a check of the books looked at."""

    FULL = "FULL", "Everything"
    SLICE = "SLICE", "What is new, and a slice of the rest"


class HoldState(TextChoices):
    """How money promised stands; all but the first are final."""

    OPEN = "OPEN", "Open"
    CAPTURED = "CAPTURED", "Captured"
    RELEASED = "RELEASED", "Released"
    EXPIRED = "EXPIRED", "Expired"
