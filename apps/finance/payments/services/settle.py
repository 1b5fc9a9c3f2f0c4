"""Staff decide what became of a payment the machine cannot be sure of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.finance.payments import errors
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.models.transaction import REFERENCE_LENGTH
from apps.finance.payments.services.move import capture, fail

OUTCOMES = frozenset({Status.CAPTURED, Status.FAILED})
_ONE_CAPTURE = "txn_one_payment_per_sale"


@dataclass(frozen=True, slots=True)
class _Decision:
    """What a person decided, and why."""

    outcome: str
    reference: str
    by: User
    reason: str


def settle_unknown(
    *,
    transaction_id: int,
    outcome: str,
    gateway_reference: str,
    by: User,
    reason: str,
    now: datetime,
) -> Transaction:
    """
    Record what staff saw at the gateway about an UNKNOWN payment.

    CAPTURED books it, once, for the sale ``gateway_reference``; FAILED books nothing and gives
    up its claim to a sale. Final for the machine: whatever comes later changes nothing (a webhook
    that contradicts it is parked). docs/runbooks/stale-payments.md says what to compare.

    :raises SettleNotAllowed: ``by`` lacks payments.settle_unknown
    :raises OwnPayment: ``by`` is its payer or payee
    :raises ReasonMissing: no reason is given
    :raises BadOutcome: neither CAPTURED nor FAILED
    :raises ReferenceMissing: CAPTURED without the sale, or one longer than 40 characters
    :raises TransactionNotFound: there is none by this id
    :raises WrongState: it is not UNKNOWN
    :raises SaleClaimed: another payment claims this sale
    """
    if not by.has_perm("payments.settle_unknown"):
        raise errors.SettleNotAllowed()
    reference = gateway_reference.strip()
    _check(outcome=outcome, reference=reference, reason=reason)
    try:
        return _settle(
            _Decision(outcome, reference, by, reason.strip()),
            transaction_id=transaction_id,
            now=now,
        )
    except IntegrityError as error:
        # The other payment's capture of this sale committed after we had looked for claims.
        if _ONE_CAPTURE in str(error):
            raise errors.SaleClaimed() from error
        raise


def _check(*, outcome: str, reference: str, reason: str) -> None:
    if not reason.strip():
        raise errors.ReasonMissing()
    if outcome not in OUTCOMES:
        raise errors.BadOutcome(given=outcome[:20])
    if (outcome == Status.CAPTURED and not reference) or len(reference) > REFERENCE_LENGTH:
        raise errors.ReferenceMissing()


@atomic
def _settle(decision: _Decision, *, transaction_id: int, now: datetime) -> Transaction:
    by, reason, reference = decision.by, decision.reason, decision.reference
    transaction = _locked(transaction_id, by)
    claimed = transaction.gateway_reference
    facts = {"outcome": str(decision.outcome), "reference": reference, "claimed": claimed}
    transaction.settled_at = now
    if decision.outcome == Status.CAPTURED:
        _check_unclaimed(transaction, reference)
        capture(
            transaction=transaction,
            now=now,
            reason=reason,
            reference=reference,
            by=by,
            facts=facts,
        )
    else:
        transaction.gateway_reference = ""
        fail(
            transaction=transaction,
            now=now,
            code="settled",
            reason=reason,
            told="",
            by=by,
            facts=facts,
        )
    audit.record(
        by=by,
        action="payments.settled_by_hand",
        subject=transaction,
        reason=reason,
        facts={**facts, "amount": str(transaction.amount)},
        cluster=transaction.cluster,
    )
    return transaction


def _locked(transaction_id: int, by: User) -> Transaction:
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "payer", "payee")
        .filter(pk=transaction_id)
        .first()
    )
    if transaction is None:
        raise errors.TransactionNotFound()
    parties = [transaction.payer, transaction.payee]
    if by.pk in {party.user_id for party in parties if party}:
        raise errors.OwnPayment()
    if transaction.status != Status.UNKNOWN:
        raise errors.WrongState(status=transaction.status, wanted="settled")
    return transaction


def _check_unclaimed(transaction: Transaction, reference: str) -> None:
    """
    :raises SaleClaimed: another payment names this sale, in whatever state it is
    """
    if (
        Transaction.objects.filter(gateway=transaction.gateway, gateway_reference=reference)
        .exclude(pk=transaction.pk)
        .exists()
    ):
        raise errors.SaleClaimed()
