"""What only a person can find out about money that left."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.payouts import errors, rules
from apps.payouts.adapters import Paid
from apps.payouts.choices import Status, Verdict
from apps.payouts.models import Payout
from apps.payouts.services.moves import (
    check_reason,
    check_staff,
    locked,
    move,
    record_event,
    record_failed,
    record_paid,
)


@transaction.atomic
def settle_by_hand(
    *,
    payout_id: int,
    by: User,
    verdict: str,
    reason: str,
    now: datetime,
    transaction_id: str = "",
    rail_fee: Money | None = None,
) -> Payout:
    """
    Record what staff saw at the rail about a payout that waits for a person.

    PAID needs the rail's transaction id and fee, NOT_PAID gives the money back,
    LOOK_AGAIN hands it to the machine once more. docs/runbooks/payout-unknown.md.
    PAID and NOT_PAID move money: the first person's word is only kept (``payout.proposal``), a
    second person's equal word does it. A different word takes the first one's place.

    :raises ReasonMissing: no reason given
    :raises PayoutNotFound: there is none
    :raises StaffOnly: ``by`` is not staff
    :raises NotPermitted: the roles of ``by`` do not include it
    :raises OwnPayout: the money would go to ``by``
    :raises WrongState: it does not wait for a person, or its outcome is not unknown
    :raises TransactionMissing: PAID without its proof
    :raises AlreadyProposed: ``by`` has said so already
    """
    check_reason(reason)
    payout = locked(payout_id)
    check_staff(payout, by, permission="payouts.settle_payout")
    if not payout.needs_attention:
        raise errors.WrongState(status=payout.status, wanted=verdict)
    if verdict == Verdict.LOOK_AGAIN:
        _look_again(payout, by=by, reason=reason, now=now)
    elif payout.status != Status.UNKNOWN:
        raise errors.WrongState(status=payout.status, wanted=verdict)
    else:
        proof = _proof(verdict, transaction_id, rail_fee)
        wish = {"verdict": str(verdict), **_as_facts(proof)}
        if not _is_seen_by_two(payout, wish, by=by, reason=reason, now=now):
            return payout
        if proof:
            record_paid(payout, proof, now=now, by=by, note=reason)
        else:
            record_failed(payout, code="NOT_PAID", message=reason, now=now, by=by)
    audit.record(
        by=by,
        action="payouts.settled_by_hand",
        subject=payout,
        reason=reason,
        facts={"verdict": str(verdict), "transaction_id": transaction_id},
        cluster=payout.cluster,
    )
    return payout


@transaction.atomic
def mark_returned(*, payout_id: int, by: User, reason: str, now: datetime) -> Payout:
    """
    The rail gave back what it had paid: the amount is the creator's again, the fee stays spent.

    It takes two people, as ``settle_by_hand`` does.

    :raises ReasonMissing: no reason given
    :raises PayoutNotFound: there is none
    :raises StaffOnly: ``by`` is not staff
    :raises NotPermitted: the roles of ``by`` do not include it
    :raises OwnPayout: the money would go to ``by``
    :raises WrongState: it is not paid
    :raises AlreadyProposed: ``by`` has said so already
    """
    check_reason(reason)
    payout = locked(payout_id)
    check_staff(payout, by, permission="payouts.settle_payout")
    rules.check_move(current=payout.status, target=Status.RETURNED)
    wish = {"verdict": str(Status.RETURNED)}
    if not _is_seen_by_two(payout, wish, by=by, reason=reason, now=now):
        return payout
    payout.returned_at = now
    move(payout, Status.RETURNED, now=now, by=by, note=reason)
    ledger.post(
        postings.payout_returned(
            payout_id=payout.pk,
            creator_id=payout.creator_id,
            rail=payout.rail,
            amount=payout.amount,
            cluster=payout.cluster.slug,
        ),
        now=now,
    )
    audit.record(
        by=by, action="payouts.returned", subject=payout, reason=reason, cluster=payout.cluster
    )
    return payout


def _proof(verdict: str, transaction_id: str, rail_fee: Money | None) -> Paid | None:
    if verdict != Verdict.PAID:
        return None
    if not transaction_id.strip() or rail_fee is None:
        raise errors.TransactionMissing()
    return Paid(transaction_id.strip(), rail_fee)


def _as_facts(proof: Paid | None) -> dict[str, str]:
    return {"transaction_id": proof.transaction_id, "rail_fee": str(proof.fee)} if proof else {}


@joins_transaction
def _is_seen_by_two(
    payout: Payout, wish: dict[str, str], *, by: User, reason: str, now: datetime
) -> bool:
    """
    Test if another person has said the same; if not, keep it as the first word.

    :raises AlreadyProposed: that other person is ``by``
    """
    if payout.proposed_by_id is not None and payout.proposal == wish:
        if payout.proposed_by_id == by.pk:
            raise errors.AlreadyProposed()
        return True
    payout.proposed_by, payout.proposal = by, wish
    payout.save()
    record_event(payout, now=now, by=by, code="PROPOSED", note=f"{wish['verdict']}: {reason}")
    audit.record(
        by=by,
        action="payouts.settlement_proposed",
        subject=payout,
        reason=reason,
        facts=wish,
        cluster=payout.cluster,
    )
    return False


def _look_again(payout: Payout, *, by: User, reason: str, now: datetime) -> None:
    payout.needs_attention = False
    payout.proposed_by, payout.proposal = None, {}
    payout.looks = payout.misses = 0
    payout.next_attempt_at = now
    payout.save()
    record_event(payout, now=now, by=by, note=reason)
