"""The words of the brand pages."""

#: Fans pay and creators earn in dollars on every brand.
CURRENCY = "USD"

TIP_PRESETS = ("5", "10", "25", "50", "100")
DEPOSIT_PRESETS = ("20", "50", "100", "200")

#: State of a payment or a payout -> tone and word for the person whose money it is.
STATES = {
    "CREATED": ("wait", "Not paid yet"),
    "REQUIRES_ACTION": ("wait", "Waiting for payment"),
    "PROCESSING": ("wait", "Processing"),
    "CAPTURED": ("good", "Paid"),
    "FAILED": ("bad", "Failed"),
    "EXPIRED": ("off", "Expired"),
    "UNKNOWN": ("wait", "Being checked"),
    "REQUESTED": ("wait", "Requested"),
    "IN_REVIEW": ("wait", "In review"),
    "APPROVED": ("wait", "Approved"),
    "SENDING": ("wait", "Sending"),
    "PAID": ("good", "Paid"),
    "RETURNED": ("bad", "Returned"),
    "REJECTED": ("bad", "Declined"),
    "CANCELLED": ("off", "Cancelled"),
}

#: Kind of a journal entry -> what it was to the creator.
ENTRY_KINDS = {
    "TIP_CARD": "Tip by card",
    "TIP_WALLET": "Tip from a wallet",
    "PAYOUT_RESERVED": "Payout requested",
    "PAYOUT_CANCELLED": "Payout given back",
    "PAYOUT_RETURNED": "Payout returned",
    "REVERSAL": "Correction",
}
