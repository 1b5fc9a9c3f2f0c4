"""The words of payouts, and which state may follow which."""

from django.db import models


class Rail(models.TextChoices):
    PAXUM = "PAXUM", "Paxum"


class Status(models.TextChoices):
    REQUESTED = "REQUESTED", "Requested"
    IN_REVIEW = "IN_REVIEW", "In review"
    APPROVED = "APPROVED", "Approved"
    SENDING = "SENDING", "Sending"
    UNKNOWN = "UNKNOWN", "Outcome unknown"
    PAID = "PAID", "Paid"
    RETURNED = "RETURNED", "Returned by the rail"
    FAILED = "FAILED", "Failed"
    REJECTED = "REJECTED", "Rejected"
    CANCELLED = "CANCELLED", "Cancelled"


class Verdict(models.TextChoices):
    """What a person found out about a payout that no look-up could settle."""

    PAID = "PAID", "The rail paid it"
    NOT_PAID = "NOT_PAID", "The rail did not pay it: return the money"
    LOOK_AGAIN = "LOOK_AGAIN", "Try by machine again"


#: APPROVED after SENDING is a retry later; APPROVED after UNKNOWN is the one resend.
NEXT: dict[str, frozenset[str]] = {
    Status.REQUESTED: frozenset(
        {Status.IN_REVIEW, Status.APPROVED, Status.REJECTED, Status.CANCELLED}
    ),
    Status.IN_REVIEW: frozenset({Status.APPROVED, Status.REJECTED, Status.CANCELLED}),
    Status.APPROVED: frozenset({Status.SENDING, Status.REJECTED, Status.CANCELLED}),
    Status.SENDING: frozenset({Status.PAID, Status.APPROVED, Status.UNKNOWN, Status.FAILED}),
    Status.UNKNOWN: frozenset({Status.PAID, Status.APPROVED, Status.FAILED}),
    Status.PAID: frozenset({Status.RETURNED}),
    Status.RETURNED: frozenset(),
    Status.FAILED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.CANCELLED: frozenset(),
}

#: The amount is reserved in the ledger (2300 in transit) in exactly these states.
OPEN = (
    Status.REQUESTED,
    Status.IN_REVIEW,
    Status.APPROVED,
    Status.SENDING,
    Status.UNKNOWN,
)

#: The money left by the rail, whether or not it came back.
LEFT = (Status.PAID, Status.RETURNED)

#: Entering one of these gives the reserved amount back to the creator.
GIVEN_BACK = (Status.FAILED, Status.REJECTED, Status.CANCELLED)
