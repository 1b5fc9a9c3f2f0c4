"""The words of bank payments."""

from __future__ import annotations

from django.db.models import TextChoices


class Scheme(TextChoices):
    ACH = "ACH", "ACH debit"
    SEPA = "SEPA", "SEPA direct debit"


#: The gateway of payments that stands for a scheme.
GATEWAY_OF = {Scheme.ACH: "ach", Scheme.SEPA: "sepa"}
SCHEME_OF = {gateway: scheme for scheme, gateway in GATEWAY_OF.items()}
CURRENCY_OF = {Scheme.ACH: "USD", Scheme.SEPA: "EUR"}


class AccountKind(TextChoices):
    CHECKING = "CHECKING", "Checking"
    SAVINGS = "SAVINGS", "Savings"


class MandateState(TextChoices):
    CHECKING = "CHECKING", "Account being checked"
    ACTIVE = "ACTIVE", "Active"
    REVOKED = "REVOKED", "Revoked"
    BLOCKED = "BLOCKED", "Blocked by a return"


class DebitState(TextChoices):
    READY = "READY", "Waits for its file"
    IN_FILE = "IN_FILE", "In a file"
    SETTLED = "SETTLED", "Paid"
    RETURNED = "RETURNED", "Returned"
    CANCELLED = "CANCELLED", "Cancelled"


#: What may follow what; a return may come before and long after the money counts as paid. From a
#: file back to READY: presented again (lack of money), or the bank refused the whole file.
NEXT: dict[DebitState, frozenset[DebitState]] = {
    DebitState.READY: frozenset({DebitState.IN_FILE, DebitState.CANCELLED}),
    DebitState.IN_FILE: frozenset({DebitState.SETTLED, DebitState.RETURNED, DebitState.READY}),
    DebitState.SETTLED: frozenset({DebitState.RETURNED}),
    DebitState.RETURNED: frozenset(),
    DebitState.CANCELLED: frozenset(),
}


class FileState(TextChoices):
    MADE = "MADE", "Waits for approval"
    APPROVED = "APPROVED", "Approved, not handed over"
    SENDING = "SENDING", "Being handed over"
    HANDED_OVER = "HANDED_OVER", "Handed over"
    REFUSED = "REFUSED", "Refused by the bank"


class FoundState(TextChoices):
    """What became of a file that lay at the bank."""

    TAKEN = "TAKEN", "Taken in"
    UNREAD = "UNREAD", "Could not be read"
    SETTLED = "SETTLED", "Settled by staff"


class TransferState(TextChoices):
    WAITING = "WAITING", "Waits for the money"
    PAID = "PAID", "Paid"
    EXPIRED = "EXPIRED", "Never came"


class Format(TextChoices):
    """Files the bank gives us."""

    NACHA = "NACHA", "ACH returns and corrections (NACHA)"
    PAIN002 = "PAIN002", "SEPA status report (pain.002)"
    CAMT053 = "CAMT053", "Account statement (camt.053)"


class ItemKind(TextChoices):
    RETURN = "RETURN", "Return"
    CORRECTION = "CORRECTION", "Notification of change"
    PAID = "PAID", "Money of a debit"
    TRANSFER = "TRANSFER", "Incoming transfer"
    REFUSAL = "REFUSAL", "A whole file refused"


class ItemState(TextChoices):
    WAITING = "WAITING", "Waits"
    APPLIED = "APPLIED", "Applied"
    REPEAT = "REPEAT", "Told before"
    QUEUED = "QUEUED", "A person must look"
    SETTLED = "SETTLED", "Settled by staff"
