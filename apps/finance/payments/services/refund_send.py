"""Approved refunds go to their gateways: claim (commit), call, record (commit)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import structlog
from django.db.models import Q, QuerySet
from django.db.transaction import atomic

from apps.core.db import outside_transaction
from apps.core.errors import Unavailable
from apps.core.http import NotSent
from apps.core.money import Money
from apps.core.sealing import seal
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Answered, LookedUp, NotOffered, Outcome, Sold
from apps.finance.payments.models import Dispute, Refund, Transaction
from apps.finance.payments.rules.refund_proofs import Proof, Seen, judge
from apps.finance.payments.rules.refunds import (
    CLAIM_SEALED_AS,
    IN_FLIGHT,
    LEASE,
    MOST_ATTEMPTS,
    MOST_LOOK_UPS,
    Destination,
    Origin,
    RefundState,
    look_again_after,
    try_again_after,
)
from apps.finance.payments.selectors.merchants import account_of
from apps.finance.payments.services.dispute_books import cover_again
from apps.finance.payments.services.refund_books import book_refund
from apps.finance.payments.services.refund_moves import (
    call_a_person,
    locked_refund,
    move_refund,
    write_refund,
)
from apps.finance.payments.services.refunds import release

log = structlog.get_logger(__name__)

#: Looks that must all show nothing (about a quarter of an hour) before it counts as not done.
LOOKS_TO_PROVE_ABSENCE = 5
#: Rows that other workers may take before us in one go.
MOST_TRIED = 20


class Claim(NamedTuple):
    """A refund this worker may act on, and nobody else until the lease ends."""

    refund: Refund
    transaction: Transaction


@outside_transaction
def send_refunds(*, now: datetime, limit: int = 100) -> int:
    """
    Hand approved refunds to their gateways; return how many went back.

    Safe to run many times at once and to be killed anywhere. A claim that ran out before its
    call began is taken up anew; one whose call had begun is of UNKNOWN outcome and is never sent
    again, unless the gateway keeps keys.
    """
    _take_up_expired(now)
    done = 0
    for _ in range(limit):
        claim = _claim(now)
        if claim is None:
            break
        done += _send(claim, now=now)
    return done


@outside_transaction
def resolve_refunds(*, now: datetime, limit: int = 100) -> int:
    """
    Ask the gateways about refunds of unknown outcome, and those they took on; return how many
    came to an end. Where the gateway keeps keys an unknown one is sent again instead.
    """
    _take_up_expired(now)
    ended = 0
    for _ in range(limit):
        claim = _claim_to_ask(now)
        if claim is None:
            break
        if claim.refund.state == RefundState.SENDING:
            ended += _send(claim, now=now)
        else:
            ended += _record_look(claim.refund, _look_up(claim), now=now)
    return ended


def _take_up_expired(now: datetime) -> None:
    expired = Refund.objects.filter(state=RefundState.SENDING, claimed_until__lt=now)
    for refund_id in expired.order_by("id").values_list("pk", flat=True)[:100]:
        _take_up(refund_id, now=now)


@atomic
def _take_up(refund_id: int, *, now: datetime) -> None:
    """Sort what a killed worker left: not yet called, or perhaps called."""
    refund, _ = locked_refund(refund_id)
    if refund.state != RefundState.SENDING or not refund.claimed_until:
        return
    if refund.claimed_until >= now:
        return
    if refund.handed_over_at is None:
        target, reason = RefundState.APPROVED, "Its worker died before the call"
    else:
        target, reason = RefundState.UNKNOWN, "Its worker died after the call began"
    move_refund(refund, target, now=now, due=now, reason=reason)


@atomic
def _claim(now: datetime) -> Claim | None:
    """Take the refund that is due longest, of payments that have none in flight."""
    busy = Refund.objects.filter(state__in=IN_FLIGHT).exclude(origin=Origin.GATEWAY)
    due = (
        Refund.objects.filter(
            state=RefundState.APPROVED,
            destination=Destination.GATEWAY,
            needs_attention=False,
            next_attempt_at__lte=now,
        )
        .exclude(transaction__in=busy.values("transaction"))
        .order_by("next_attempt_at", "id")
        .values_list("pk", flat=True)
    )
    for refund_id in due[:MOST_TRIED]:
        refund, transaction = locked_refund(refund_id)
        others = busy.filter(transaction=transaction).exclude(pk=refund.pk)
        if refund.state != RefundState.APPROVED or others.exists():
            continue  # another worker was faster
        _begin(refund, now)
        return Claim(refund, transaction)
    return None


def _begin(refund: Refund, now: datetime) -> None:
    refund.attempts += 1
    refund.handed_over_at = None
    move_refund(refund, RefundState.SENDING, now=now, reason=f"Attempt {refund.attempts}")
    refund.claimed_until = now + LEASE
    refund.save(update_fields=["claimed_until"])


def _to_ask(now: datetime) -> QuerySet[Refund]:
    return Refund.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lt=now),
        state__in=[RefundState.UNKNOWN, RefundState.PENDING],
        needs_attention=False,
        next_attempt_at__lte=now,
    )


@atomic
def _claim_to_ask(now: datetime) -> Claim | None:
    due = _to_ask(now).order_by("next_attempt_at", "id").values_list("pk", flat=True)
    for refund_id in due[:MOST_TRIED]:
        refund, transaction = locked_refund(refund_id)
        if not _to_ask(now).filter(pk=refund_id).exists():
            continue  # another worker was faster
        refund.looks += 1
        can = gateway_for(transaction.gateway).capabilities
        if refund.state == RefundState.UNKNOWN and can.keeps_keys:
            _begin(refund, now)
        else:
            refund.claimed_until = now + LEASE
            refund.next_attempt_at = now + look_again_after(refund.looks)
            refund.save(update_fields=["looks", "claimed_until", "next_attempt_at"])
        return Claim(refund, transaction)
    return None


def _send(claim: Claim, *, now: datetime) -> bool:
    refund, transaction = claim
    if not _hand_over(refund, now=now):
        return False
    try:
        answer = gateway_for(transaction.gateway).refund(
            sold_of(transaction), amount=refund.amount, key=str(refund.public_id)
        )
    except NotSent as error:
        return _record_not_sent(refund, repr(error), now=now)
    except NotOffered as error:
        declined = Answered(Outcome.DECLINED, code="not_offered", reason=str(error))
        return _record(refund, declined, now=now)
    except Unavailable as error:
        return _record_unknown(refund, repr(error), now=now)
    return _record(refund, answer, now=now)


@atomic
def _hand_over(claimed: Refund, *, now: datetime) -> bool:
    """Write down that the call begins; False when the claim has meanwhile become another's."""
    refund, _ = locked_refund(claimed.pk)
    if refund.state != RefundState.SENDING or refund.attempts != claimed.attempts:
        return False
    refund.handed_over_at = now
    refund.save(update_fields=["handed_over_at"])
    return True


@atomic
def _record(claimed: Refund, answer: Answered, *, now: datetime) -> bool:
    refund, transaction = locked_refund(claimed.pk)
    refund.sent, refund.received = dict(answer.sent), dict(answer.received)
    if not _is_ours(refund, claimed):
        return _record_late(refund, answer, now=now)
    reference = answer.gateway_transaction or answer.reference
    if reference not in {"", transaction.gateway_reference}:
        refund.gateway_reference = reference[:120]
    facts = {"reference": reference, "code": answer.code}
    if answer.outcome is Outcome.DONE:
        book_refund(refund, transaction, now=now, reason="The gateway gave it back", facts=facts)
        return True
    if answer.outcome is Outcome.DECLINED:
        _fail(refund, transaction, answer.code, answer.reason or "The gateway refused it", now=now)
        return True
    reason = "The gateway took it on"
    if answer.outcome is Outcome.ACTION and answer.action_url:
        refund.sealed_claim = seal(answer.action_url, purpose=CLAIM_SEALED_AS)
        reason = "The gateway took it on: its payer has to claim it"
    move_refund(
        refund, RefundState.PENDING, now=now, due=now + look_again_after(4), reason=reason,
        facts=facts,
    )  # fmt: skip
    return False


def _record_late(refund: Refund, answer: Answered, *, now: datetime) -> bool:
    """Keep an answer that came after the gateway's own notice, or after the claim ran out."""
    refund.save(update_fields=["sent", "received"])
    write_refund(
        refund, refund.state, now=now, reason=f"A late answer: {answer.outcome.value}",
        facts={"reference": answer.reference, "code": answer.code},
    )  # fmt: skip
    return False


@atomic
def _record_not_sent(claimed: Refund, error: str, *, now: datetime) -> bool:
    refund, _ = locked_refund(claimed.pk)
    if not _is_ours(refund, claimed):
        return False
    refund.handed_over_at = None
    due = now + try_again_after(refund.attempts)
    move_refund(
        refund, RefundState.APPROVED, now=now, due=due,
        reason="The gateway was not reached: nothing was sent", facts={"error": error[:200]},
    )  # fmt: skip
    if refund.attempts >= MOST_ATTEMPTS:
        call_a_person(refund, now=now, reason=f"Not reached {refund.attempts} times")
    return False


@atomic
def _record_unknown(claimed: Refund, error: str, *, now: datetime) -> bool:
    refund, _ = locked_refund(claimed.pk)
    if not _is_ours(refund, claimed):
        return False
    move_refund(
        refund, RefundState.UNKNOWN, now=now, due=now + look_again_after(1),
        reason="No whole answer came: it may have gone back", facts={"error": error[:200]},
    )  # fmt: skip
    return False


def _look_up(claim: Claim) -> LookedUp | None:
    gateway = gateway_for(claim.transaction.gateway)
    if not gateway.capabilities.look_up:
        return None
    try:
        return gateway.look_up(sold_of(claim.transaction))
    except (Unavailable, NotOffered) as error:
        log.warning("refund_look_up_failed", refund=claim.refund.pk, error=repr(error))
        return None


@atomic
def _record_look(claimed: Refund, answer: LookedUp | None, *, now: datetime) -> bool:
    refund, transaction = locked_refund(claimed.pk)
    if refund.state != claimed.state or refund.looks != claimed.looks:
        return False  # the gateway's own notice came meanwhile
    proof = _proof(refund, transaction, answer)
    facts = dict(answer.facts) if answer else {}
    if proof is Proof.DONE:
        book_refund(refund, transaction, now=now, reason="Seen at the gateway", facts=facts)
        return True
    if proof is Proof.ABSENT and refund.state == RefundState.UNKNOWN:
        if refund.looks >= LOOKS_TO_PROVE_ABSENCE:
            _fail(refund, transaction, "absent", "The gateway shows no such refund", now=now)
            return True
    elif proof is Proof.MISMATCH:
        call_a_person(refund, now=now, reason="The gateway shows another sum than is booked")
        return False
    if refund.looks >= MOST_LOOK_UPS:
        call_a_person(refund, now=now, reason="The gateway does not say what became of it")
        return False
    refund.claimed_until = None
    refund.save(update_fields=["claimed_until"])
    write_refund(
        refund, refund.state, now=now, reason=f"Asked the gateway: {proof.value}", facts=facts
    )
    return False


def _proof(refund: Refund, transaction: Transaction, answer: LookedUp | None) -> Proof:
    if answer is None:
        return Proof.NOTHING
    others = Refund.objects.filter(
        transaction=transaction, destination=Destination.GATEWAY, state=RefundState.DONE
    ).values_list("amount_minor", flat=True)
    return judge(
        Seen(answer.sale.name, answer.refunded, answer.refunds),
        amount=refund.amount,
        whole=transaction.amount,
        booked=Money(sum(others), transaction.currency),
        count=len(others),
        disputed=Dispute.objects.filter(transaction=transaction).exists(),
    )


def _fail(
    refund: Refund, transaction: Transaction, code: str, reason: str, *, now: datetime
) -> None:
    release(refund, now=now)
    refund.failure_code, refund.failure_reason = code[:40], reason[:200]
    move_refund(refund, RefundState.FAILED, now=now, reason=reason)
    cover_again(transaction, now=now)
    log.error("refund_failed", refund=refund.pk, code=code, reason=reason)


def _is_ours(refund: Refund, claimed: Refund) -> bool:
    return refund.state == RefundState.SENDING and refund.attempts == claimed.attempts


def sold_of(transaction: Transaction) -> Sold:
    """Return a payment as its gateway knows it."""
    if transaction.merchant_account is None:
        raise RuntimeError("a payment from the wallet is at no gateway")
    reference, first = transaction.gateway_reference, transaction.renewal_of
    if first and gateway_for(transaction.gateway).capabilities.names_subscriptions:
        reference = first.gateway_reference
    return Sold(
        account=account_of(transaction.merchant_account),
        reference=reference,
        token=str(transaction.public_id),
        amount=transaction.amount,
        gateway_transaction=transaction.gateway_transaction,
        sold_at=transaction.captured_at,
    )
