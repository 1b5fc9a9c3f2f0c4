"""The words of refunds: states, what may follow what, and the policy that decides who pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import TextChoices

from apps.core.money import Money
from apps.finance.ledger.choices import Bearer
from apps.finance.payments import errors

#: What the address is sealed as at which its payer claims a refund.
CLAIM_SEALED_AS = "payments.claim"


class RefundState(TextChoices):
    REQUESTED = "REQUESTED", "Waits for a second person"
    APPROVED = "APPROVED", "Approved, to be sent"
    SENDING = "SENDING", "Being sent"
    PENDING = "PENDING", "Taken on by the gateway"
    UNKNOWN = "UNKNOWN", "Outcome unknown"
    DONE = "DONE", "Refunded"
    FAILED = "FAILED", "Failed"
    REJECTED = "REJECTED", "Rejected"


class Destination(TextChoices):
    GATEWAY = "GATEWAY", "Back the way it came"
    WALLET = "WALLET", "To the wallet"


class Origin(TextChoices):
    """Who began it."""

    STAFF = "STAFF", "Staff"
    RULE = "RULE", "The rule for announced disputes"
    GATEWAY = "GATEWAY", "The gateway"


class RefundReason(TextChoices):
    ASKED = "ASKED", "The fan asked"
    DUPLICATE = "DUPLICATE", "Charged twice"
    FRAUD = "FRAUD", "Fraud"
    NOT_DELIVERED = "NOT_DELIVERED", "Not delivered or not as described"
    GOODWILL = "GOODWILL", "Goodwill"
    AVOID_DISPUTE = "AVOID_DISPUTE", "To avoid a chargeback"
    GATEWAY = "GATEWAY", "Refunded at the gateway"


#: What may follow what. Money of a state in LIVE is gone, or may be.
NEXT: dict[RefundState, frozenset[RefundState]] = {
    RefundState.REQUESTED: frozenset(
        {RefundState.APPROVED, RefundState.REJECTED, RefundState.DONE, RefundState.FAILED}
    ),
    RefundState.APPROVED: frozenset(
        {RefundState.SENDING, RefundState.DONE, RefundState.FAILED, RefundState.REJECTED}
    ),
    RefundState.SENDING: frozenset(
        {
            RefundState.APPROVED,
            RefundState.PENDING,
            RefundState.UNKNOWN,
            RefundState.DONE,
            RefundState.FAILED,
        }
    ),
    RefundState.PENDING: frozenset({RefundState.DONE, RefundState.FAILED}),
    RefundState.UNKNOWN: frozenset(
        {RefundState.SENDING, RefundState.PENDING, RefundState.DONE, RefundState.FAILED}
    ),
    # A refund may bounce: the card is closed, the gateway takes it back.
    RefundState.DONE: frozenset({RefundState.FAILED}),
    # The gateway did it after all.
    RefundState.FAILED: frozenset({RefundState.DONE}),
    RefundState.REJECTED: frozenset(),
}
LIVE = frozenset(RefundState) - {RefundState.FAILED, RefundState.REJECTED}
#: Surely not sent yet: can still be stopped.
NOT_SENT = frozenset({RefundState.REQUESTED, RefundState.APPROVED})
#: The gateway may be acting on it. One of a payment at a time, so that its answer is clear.
IN_FLIGHT = frozenset({RefundState.SENDING, RefundState.PENDING, RefundState.UNKNOWN})

LEASE = timedelta(minutes=3)
MOST_LOOK_UPS = 12
#: Tries that never reached the gateway before a person is called.
MOST_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Policy:
    """Who pays what when money goes back, and how many people must agree.

    The amounts are in the smallest unit of the policy's currency.
    """

    #: The platform gives its fee back with a refund.
    platform_fee_returned: bool = True
    #: The processor gives its fee back: what the contract with it says.
    processing_fee_returned: bool = False
    #: Who bears the fees that are not given back.
    kept_fees_borne_by: Bearer = Bearer.CREATOR
    #: Who bears the sale that a lost chargeback undoes.
    loss_borne_by: Bearer = Bearer.CREATOR
    #: What the processor charges for a chargeback, and who bears it.
    chargeback_fee_minor: int = 0
    chargeback_fee_borne_by: Bearer = Bearer.PLATFORM
    #: Keep the creator's share back while a chargeback is open.
    hold_share: bool = True
    #: From this sum on, of all refunds of a payment, two people decide.
    four_eyes_from_minor: int = 0
    #: An announced dispute of at most this is refunded at once, to avoid the chargeback.
    refund_alerts_to_minor: int = 0


#: Where no policy is set: nobody decides alone, nothing happens by itself.
DEFAULT = Policy()


def check_state(*, current: str, target: RefundState) -> None:
    """
    Answer only if ``target`` may follow ``current``.

    :raises WrongRefundState: it may not
    """
    if target not in NEXT[RefundState(current)]:
        raise errors.WrongRefundState(state=str(current), wanted=str(target))


def needs_second_person(*, policy: Policy, amount: Money, earlier: Money) -> bool:
    """Test if two people decide; small refunds of one payment add up, so none slips through."""
    return (amount + earlier).minor >= policy.four_eyes_from_minor


def look_again_after(tries: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours: 12 tries spread over about a day."""
    return min(timedelta(minutes=2 ** max(tries - 1, 0)), timedelta(hours=6))


def try_again_after(attempts: int) -> timedelta:
    """30 s, 1, 2 … minutes, at most an hour."""
    return min(timedelta(seconds=30 * 2 ** max(attempts - 1, 0)), timedelta(hours=1))
