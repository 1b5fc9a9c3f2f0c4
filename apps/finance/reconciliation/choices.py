"""Reconciliation's words."""

from django.db.models import TextChoices


class Compares(TextChoices):
    """Which figure of a statement's line stands in the books."""

    NET = "NET", "What reached the account"
    GROSS = "GROSS", "The amount before the fee"


class State(TextChoices):
    """The life of a statement."""

    RECEIVED = "RECEIVED", "Received"
    LOADING = "LOADING", "Loading"
    LOADED = "LOADED", "Loaded"
    REFUSED = "REFUSED", "Refused"
    OPEN = "OPEN", "Open"
    COMPLETE = "COMPLETE", "Complete"


#: The machine still has work with these.
WAITING = (State.RECEIVED, State.LOADING, State.LOADED)
#: Their lines count.
LIVE = (State.LOADED, State.OPEN, State.COMPLETE)


class Rule(TextChoices):
    """Why lines and book items were put together."""

    REFERENCE = "REFERENCE", "Same reference and amount"
    TOLERANCE = "TOLERANCE", "Same reference, amount within the tolerance"
    GROUP = "GROUP", "Same reference, sums agree"
    AMOUNT_AND_DATE = "AMOUNT_AND_DATE", "Same amount, near in time, nothing else fits"
    BY_HAND = "BY_HAND", "Matched by hand"
    POSTED = "POSTED", "Difference posted"


class Type(TextChoices):
    """What is wrong."""

    MISSING = "MISSING", "Missing on the statement"
    EXTRA = "EXTRA", "Not in the books"
    DIFFERENT = "DIFFERENT", "Amounts differ"
    LATE = "LATE", "Late"
    DUPLICATE = "DUPLICATE", "On the statement twice"


class Progress(TextChoices):
    """The life of an exception. ACCEPTED explains it for good; RESOLVED means it is no more."""

    OPEN = "OPEN", "Open"
    ACCEPTED = "ACCEPTED", "Accepted"
    RESOLVED = "RESOLVED", "Resolved"


class Counter(TextChoices):
    """Where a posted difference goes, by code of the chart."""

    PROCESSING_COSTS = "5100", "Processing costs"
    PAYOUT_COSTS = "5200", "Payout costs"
    OTHER_EXPENSES = "5900", "Other expenses"
    WRITE_OFFS = "5500", "Write-offs"
    OTHER_INCOME = "4900", "Other income"
    SUSPENSE = "2900", "Suspense, to be cleared up"
