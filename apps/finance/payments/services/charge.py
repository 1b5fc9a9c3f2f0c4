"""A charge we start ourselves: with a stored means, or with a token of the gateway's fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db.transaction import atomic

from apps.core.db import outside_transaction
from apps.core.errors import Unavailable
from apps.core.http import NotSent
from apps.core.sealing import unseal
from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Answered, Charge, Outcome
from apps.finance.payments.choices import PAID, AttemptKind, AttemptStatus, Status
from apps.finance.payments.models import Attempt, PaymentMethod, Transaction
from apps.finance.payments.rules.declines import Decline, classify
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.rules.waiting import (
    ASK_AFTER_SILENCE,
    LEASE,
    LOOK_UP_AFTER,
    MOST_TRIES,
)
from apps.finance.payments.selectors.abilities import can_challenge, can_take
from apps.finance.payments.services.attempts import end_attempt, open_attempt
from apps.finance.payments.services.checkout import Visit, check_tries, order_of
from apps.finance.payments.services.methods import SEALED_AS
from apps.finance.payments.services.move import capture, fail, move, note
from apps.finance.payments.services.route import rank_again
from apps.finance.payments.services.way import cards_of
from apps.finance.risk import choices as risk

log = structlog.get_logger(__name__)

NOT_REACHED = "not_reached"
_CHARGEABLE = frozenset(
    {Status.CREATED, Status.REQUIRES_ACTION, Status.FAILED, Status.EXPIRED, Status.PROCESSING}
)


Clock = Callable[[], datetime]
_FRESH = frozenset({AttemptStatus.CREATED, AttemptStatus.WAITING})


@dataclass(frozen=True, slots=True)
class OneTime:
    """A token that the gateway's fields, or a wallet, gave the payer's browser. Never stored."""

    token: str = field(repr=False)
    wallet: str = ""


@outside_transaction
def charge(
    *,
    transaction: Transaction,
    now: datetime,
    one_time: OneTime | None = None,
    visit: Visit | None = None,
    payer_present: bool = True,
    clock: Clock | None = None,
) -> Transaction:
    """
    Charge the open try of a payment, once, and return the payment in its new state.

    Claimed, called, recorded: a try is sent by the one caller that claimed it, and never again,
    whoever dies where; without an answer it is UNKNOWN and the janitor asks the gateway.
    The same card stored at another account is tried only where the first surely did nothing: not
    a byte was sent, or it was declined on the way to the issuer. Calling it for a try that was
    sent before changes nothing. ``payer_present`` is told to the gateway: the card networks want
    to know when nobody is there to ask. ``clock`` says when the answer came, where that matters to
    the second (what was cancelled while the gateway was called); without it that is ``now``.

    :raises WrongState: the payer must go to a page, a person must decide first, or staff have
        settled it
    :raises PaymentRefused: risk did not let it through
    :raises TooManyTries: cards were declined too often
    """
    for _ in range(MOST_TRIES):
        attempt = _claim(transaction.pk, one_time, now)
        if attempt is None:
            break
        answer = _send(attempt, one_time, visit, payer_present=payer_present)
        if not _record(attempt.pk, *answer, clock() if clock else now):
            break
    return Transaction.objects.select_related("payer", "payee", "merchant_account").get(
        pk=transaction.pk
    )


@atomic
def _claim(transaction_id: int, one_time: OneTime | None, now: datetime) -> Attempt | None:
    """Take the try; from here on it counts as sent."""
    transaction = _locked(transaction_id)
    if transaction.is_blocked:
        raise errors.PaymentRefused()
    attempt = (
        transaction.attempts.select_for_update(of=("self",))
        .select_related("payment_method")
        .order_by("-number")
        .first()
    )
    held = transaction.settled_at or transaction.review_since
    if attempt is None or held or attempt.kind == AttemptKind.HOSTED:
        raise errors.WrongState(status=transaction.status, wanted="charged")
    is_one_time = one_time is not None
    if is_one_time:
        attempt = _again(transaction, attempt, now)
    # One that waits and was not handed over only had its fields opened. One that was waits for
    # the gateway or the payer: with another token it would charge a second time.
    fresh = attempt.handed_over_at is None and attempt.status in _FRESH
    if transaction.status not in _CHARGEABLE or not fresh:
        return None
    has_page = bool(attempt.checkout.get("url"))  # it can be paid there: a token would be twice
    if (attempt.kind == AttemptKind.FIELDS) != is_one_time or has_page:
        raise errors.WrongState(status=transaction.status, wanted="charged")
    if attempt.payment_method is not None and attempt.payment_method.removed_at:
        end_attempt(attempt=attempt, status=AttemptStatus.NOT_SENT, now=now, code="removed")
        _end(transaction, now, code="removed", reason="The payer removed this means of payment")
        return None
    attempt.status, attempt.claimed_until = AttemptStatus.SENT, now + LEASE
    attempt.handed_over_at = now
    attempt.save(update_fields=["status", "claimed_until", "handed_over_at"])
    transaction.next_look_up_at, transaction.look_ups = now + LOOK_UP_AFTER, 0
    if transaction.status == Status.PROCESSING:
        transaction.save(update_fields=["next_look_up_at", "look_ups"])
    else:
        move(
            transaction=transaction,
            target=Status.PROCESSING,
            now=now,
            reason=f"Charged at {attempt.get_gateway_display()}, try {attempt.number}",
        )
    return Attempt.objects.select_related(
        "transaction__cluster", "transaction__payer__user", "merchant_account", "payment_method"
    ).get(pk=attempt.pk)


def _again(transaction: Transaction, last: Attempt, now: datetime) -> Attempt:
    """After a decline the payer may type another card: that is another try."""
    declined = last.status == AttemptStatus.DECLINED and transaction.status == Status.FAILED
    if not declined or last.kind != AttemptKind.FIELDS:
        return last
    check_tries(last)
    return open_attempt(
        transaction=transaction,
        account=last.merchant_account,
        kind=AttemptKind.FIELDS,
        now=now,
        keep=last.keep,
    )


def _send(
    attempt: Attempt, one_time: OneTime | None, visit: Visit | None, *, payer_present: bool
) -> tuple[Answered | None, str]:
    """Return the answer, or None and why there is none: ``NOT_REACHED`` is the sure one."""
    means = attempt.payment_method
    token = one_time.token if one_time else _token_of(means)
    try:
        return gateway_for(attempt.gateway).charge(
            Charge(
                order=order_of(attempt, visit or Visit()),
                key=attempt.key,
                token=token,
                one_time=one_time is not None,
                wallet=one_time.wallet if one_time else "",
                payer_present=payer_present,
            )
        ), ""
    except NotSent as error:
        log.warning("charge_not_sent", attempt=attempt.pk, error=repr(error))
        return None, NOT_REACHED
    except Unavailable as error:
        log.warning("charge_unknown", attempt=attempt.pk, error=repr(error))
        return None, error.code


def _token_of(means: PaymentMethod | None) -> str:
    return unseal(means.sealed_token, purpose=SEALED_AS) if means else ""


@atomic
def _record(attempt_id: int, answer: Answered | None, why: str, now: datetime) -> bool:
    """Write what came of a try; return whether another one is open now."""
    transaction_id = Attempt.objects.values_list("transaction_id", flat=True).get(pk=attempt_id)
    transaction = _locked(transaction_id)
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
    if attempt.status != AttemptStatus.SENT or transaction.status in PAID:
        _came_late(transaction, attempt, answer, now)
        return False
    if answer is None and why == NOT_REACHED:
        return _not_sent(transaction, attempt, now)
    if answer is None:
        end_attempt(attempt=attempt, status=AttemptStatus.UNKNOWN, now=now, code=why)
        transaction.next_look_up_at = now + ASK_AFTER_SILENCE
        _go(
            transaction,
            Status.UNKNOWN,
            now,
            "The gateway did not answer a charge: it will be asked",
            {"try": attempt.number, "code": why},
        )
        return False
    if answer.outcome is Outcome.DECLINED:
        return _declined(transaction, attempt, answer, now)
    _went_on(transaction, attempt, answer, now)
    return False


def _go(
    transaction: Transaction,
    target: Status,
    now: datetime,
    reason: str,
    facts: dict[str, Any] | None = None,
) -> None:
    """Move, or write a line where a webhook has brought the payment further meanwhile."""
    if may_move(current=transaction.status, target=target):
        move(transaction=transaction, target=target, now=now, reason=reason, facts=facts)
        return
    transaction.save()
    note(transaction=transaction, now=now, reason=reason, facts=facts)


def _came_late(
    transaction: Transaction, attempt: Attempt, answer: Answered | None, now: datetime
) -> None:
    """
    The payment went on while the call was under way. A webhook's word is the better one, but
    money that was taken is never passed over: it is captured, or a person must give it back.
    """
    if answer is None or answer.outcome is Outcome.DECLINED:
        return
    reference = answer.reference or answer.gateway_transaction
    same = reference == transaction.gateway_reference
    if transaction.status in PAID and (same or answer.outcome is not Outcome.DONE):
        return
    facts = {"try": attempt.number, "reference": reference}
    if transaction.status in PAID or transaction.settled_at:
        log.error("charged_beside", transaction=transaction.pk, attempt=attempt.pk)
        reason = "The gateway answered that it charged beside what is settled: refund it"
        note(transaction=transaction, now=now, reason=reason, facts=facts)
        return
    if answer.outcome is Outcome.DONE:
        _paid(transaction, attempt, answer, now)
        return
    attempt.status, attempt.reference, attempt.ended_at = AttemptStatus.WAITING, reference, None
    attempt.save(update_fields=["status", "reference", "ended_at"])
    transaction.next_look_up_at, transaction.look_ups = now + LOOK_UP_AFTER, 0
    _go(transaction, Status.PROCESSING, now, "The gateway's answer came late: it is asked", facts)


def _paid(transaction: Transaction, attempt: Attempt, answer: Answered, now: datetime) -> None:
    reference = answer.reference or answer.gateway_transaction
    capture(
        transaction=transaction,
        now=now,
        reason="The gateway answered that it is paid",
        reference=reference,
        facts={
            "try": attempt.number,
            "reference": reference,
            "gateway_transaction": answer.gateway_transaction,
        },
        means=answer.means,
    )


def _went_on(transaction: Transaction, attempt: Attempt, answer: Answered, now: datetime) -> None:
    reference = answer.reference or answer.gateway_transaction
    if answer.outcome is Outcome.ACTION:
        attempt.checkout = {"url": answer.action_url, "fields": {}, "expires_at": ""}
    end_attempt(
        attempt=attempt,
        status=AttemptStatus.WAITING,
        now=now,
        reference=reference,
        sent=answer.sent,
        received=answer.received,
    )
    if answer.outcome is Outcome.DONE:
        _paid(transaction, attempt, answer, now)
        return
    transaction.gateway_reference = reference
    transaction.gateway_transaction = answer.gateway_transaction
    if answer.outcome is Outcome.ACTION:
        _go(transaction, Status.REQUIRES_ACTION, now, "The bank wants the payer to confirm")
        return
    transaction.save(update_fields=["gateway_reference", "gateway_transaction"])
    note(transaction=transaction, now=now, reason="The gateway has taken it on")


def _declined(transaction: Transaction, attempt: Attempt, answer: Answered, now: datetime) -> bool:
    end_attempt(
        attempt=attempt,
        status=AttemptStatus.DECLINED,
        now=now,
        reference=answer.reference,
        code=answer.code,
        reason=answer.reason,
        sent=answer.sent,
        received=answer.received,
    )
    on_the_way = classify(attempt.gateway, answer.code) is Decline.ON_THE_WAY
    if on_the_way and _open_next(transaction, attempt, now):
        return True
    _end(transaction, now, code=answer.code, reason=answer.reason)
    return False


def _not_sent(transaction: Transaction, attempt: Attempt, now: datetime) -> bool:
    end_attempt(attempt=attempt, status=AttemptStatus.NOT_SENT, now=now, code=NOT_REACHED)
    if _open_next(transaction, attempt, now):
        return True
    _end(transaction, now, code=NOT_REACHED, reason="The processor could not be reached")
    return False


def _end(transaction: Transaction, now: datetime, *, code: str, reason: str) -> None:
    transaction.next_look_up_at = None
    fail(transaction=transaction, now=now, code=code, reason=reason)


def _open_next(transaction: Transaction, attempt: Attempt, now: datetime) -> bool:
    """Open a try with the same card where it is stored elsewhere, if routing lets it go there."""
    means = attempt.payment_method
    # Only while nothing but this try is said of it: an authorisation is money held.
    if means is None or attempt.number >= MOST_TRIES or transaction.status != Status.PROCESSING:
        return False
    cards = cards_of(means)
    tried = set(transaction.attempts.values_list("merchant_account_id", flat=True))
    asks = transaction.risk_outcome == risk.Outcome.CHALLENGE
    kind = AttemptKind.STORED
    if not cards.keys() - tried:
        return False
    ranked = rank_again(transaction=transaction, now=now, means=means, only=cards.keys() - tried)
    for account in ranked.accounts:
        if can_take(account, kind) and (not asks or can_challenge(account, kind)):
            note(
                transaction=transaction,
                now=now,
                reason=f"{attempt.gateway} did nothing; {account.gateway} is tried",
                facts={"code": attempt.code, "try": attempt.number},
            )
            open_attempt(
                transaction=transaction,
                account=account,
                kind=kind,
                now=now,
                means=cards[account.pk],
            )
            return True
    return False


def _locked(transaction_id: int) -> Transaction:
    return (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account")
        .get(pk=transaction_id)
    )
