"""Banks dispute payments: what gateways tell, and what our staff do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import (
    Dispute,
    DisputeEvent,
    EvidencePack,
    FraudReport,
    Refund,
    Transaction,
)
from apps.finance.payments.rules.disputes import NEXT, WORD_OF, News, Stage, Word, read
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.selectors.given_back import room_of
from apps.finance.payments.services.dispute_books import follow, news_of
from apps.finance.payments.services.move import note
from apps.finance.payments.services.refund_moves import locked_payment
from apps.finance.payments.services.refunds import refund_by_rule, request_refund

__all__ = [
    "accept_dispute",
    "close_dispute",
    "dispute_news",
    "record_submission",
    "refund_instead",
]


@joins_transaction
def dispute_news(*, transaction: Transaction, notice: Notice, now: datetime) -> None:
    """
    Act on INQUIRY, ALERT, CHARGEBACK, CHARGEBACK_WON, CHARGEBACK_LOST or FRAUD_REPORT about a
    payment whose row is locked. Any order of the news of a case ends the same; the caller brings
    each piece of news once.

    An announced dispute and a fraud report are refunded at once where the brand's policy says so.

    :raises TooEarly: the payment is not captured yet
    :raises StaffMustLook: it names no case, another currency, or a case of another payment
    """
    if transaction.status not in PAID:
        raise errors.TooEarly(status=transaction.status)
    if notice.told is Told.FRAUD_REPORT:
        _fraud(transaction, notice, now)
        return
    dispute = _case(transaction, notice, now)
    _hear(dispute, notice, now)
    follow(dispute, transaction, now=now)
    if notice.told is Told.ALERT and dispute.stage == Stage.ALERT:
        _refund_at_once(transaction, f"alert:{dispute.pk}", "A dispute is announced", now)


@atomic
def accept_dispute(*, dispute_id: int, by: User, reason: str, now: datetime) -> Dispute:
    """
    Give a chargeback up: it is lost now, as the brand's policy splits it.

    :raises DisputeNotAllowed: ``by`` lacks payments.manage_dispute
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises ReasonMissing: no reason is given
    :raises DisputeNotFound: there is none by this id
    :raises WrongStage: no bank has the money undecided
    """
    return _by_staff(dispute_id, Word.GAVE_UP, Stage.ACCEPTED, by=by, reason=reason, now=now)


@atomic
def close_dispute(*, dispute_id: int, by: User, reason: str, now: datetime) -> Dispute:
    """
    End an inquiry or an alert that was answered. Should a chargeback follow, it goes on.

    :raises DisputeNotAllowed: ``by`` lacks payments.manage_dispute
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises ReasonMissing: no reason is given
    :raises DisputeNotFound: there is none by this id
    :raises WrongStage: the bank has taken the money, or it is over
    """
    return _by_staff(dispute_id, Word.ENDED, Stage.CLOSED, by=by, reason=reason, now=now)


@atomic
def record_submission(
    *, dispute_id: int, pack_id: int, by: User, reason: str, now: datetime
) -> Dispute:
    """
    Record that staff sent an evidence pack to the gateway. Nothing is sent from here: processors
    take evidence in their own consoles.

    :raises EvidenceMissing: the case has no such pack
    :raises DisputeNotAllowed: ``by`` lacks payments.manage_dispute
    :raises OwnPayment: ``by`` is the payment's payer or payee
    :raises ReasonMissing: no reason is given
    :raises DisputeNotFound: there is none by this id
    :raises WrongStage: the bank has not taken the money, or has decided
    """
    pack = EvidencePack.objects.filter(pk=pack_id, dispute=dispute_id).first()
    if pack is None:
        raise errors.EvidenceMissing()
    facts = {"pack": pack.pk, "sha256": pack.sha256}
    return _by_staff(
        dispute_id, Word.SENT, Stage.REPRESENTED, by=by, reason=reason, now=now, facts=facts
    )


def refund_instead(*, dispute_id: int, by: User, reason: str, now: datetime) -> Refund:
    """
    Refund all that is left of an announced dispute's payment, so that no chargeback follows.

    Raises what ``request_refund`` raises, and:

    :raises DisputeNotFound: there is none by this id
    :raises WrongStage: the bank has taken the money already
    """
    with atomic():
        dispute, transaction = _locked(dispute_id)
        if dispute.stage not in {Stage.INQUIRY, Stage.ALERT}:
            raise errors.WrongStage(stage=dispute.stage)
        return request_refund(
            transaction_id=transaction.pk,
            amount=room_of(transaction),
            reason_code=RefundReason.AVOID_DISPUTE,
            reason=reason,
            key=f"dispute:{dispute.pk}",
            by=by,
            now=now,
        )


def _case(transaction: Transaction, notice: Notice, now: datetime) -> Dispute:
    """Return the case the news is about, locked; a new one is begun."""
    told = notice.dispute
    if told is None or not told.reference:
        raise errors.StaffMustLook("The gateway's news of a dispute name no case")
    amount = notice.amount or transaction.amount
    if amount.currency != transaction.currency:
        raise errors.StaffMustLook(
            f"The dispute is about {amount}, the payment is in {transaction.currency}"
        )
    if amount.minor <= 0:
        raise errors.StaffMustLook(f"The dispute is about {amount}")
    dispute, _ = Dispute.objects.select_for_update().get_or_create(
        gateway=transaction.gateway,
        reference=told.reference[:120],
        defaults={
            "transaction": transaction,
            "stage": _FIRST[WORD_OF[notice.told.name]],
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "opened_at": now,
        },
    )
    if dispute.transaction_id != transaction.pk:
        raise errors.StaffMustLook("The gateway's case belongs to another payment")
    dispute.reason_code = told.reason_code[:40] or dispute.reason_code
    dispute.reason = told.reason[:200] or dispute.reason
    if told.due_at and told.due_at != dispute.due_at:
        dispute.due_at, dispute.reminded = told.due_at, 0
    _compare_amount(dispute, notice)
    dispute.save()
    return dispute


_FIRST = {
    Word.INQUIRY: Stage.INQUIRY,
    Word.ALERT: Stage.ALERT,
    Word.CHARGEBACK: Stage.CHARGEBACK,
    Word.WON: Stage.WON,
    Word.LOST: Stage.LOST,
}


def _compare_amount(dispute: Dispute, notice: Notice) -> None:
    """What is booked stays; a sum that differs from it is for a person."""
    if notice.amount is None or notice.amount.minor == dispute.amount_minor:
        return
    if dispute.rounds.exists():
        dispute.needs_attention = True
        dispute.attention = f"The gateway now says {notice.amount}; booked is {dispute.amount}"
    else:
        dispute.amount_minor = notice.amount.minor


def _hear(dispute: Dispute, notice: Notice, now: datetime) -> None:
    told = notice.dispute
    heard = News(
        word=WORD_OF[notice.told.name],
        at=notice.occurred_at,
        again=bool(told and told.again),
        amount_minor=notice.amount.minor if notice.amount else None,
    )
    DisputeEvent.objects.create(
        dispute=dispute,
        word=heard.word,
        happened_at=heard.at,
        recorded_at=now,
        again=heard.again,
        amount_minor=heard.amount_minor,
        stage=read([*news_of(dispute), heard]).stage or dispute.stage,
        reason=(told.reason if told else notice.reason)[:500],
        facts={"event": notice.event_type, "code": notice.code, **notice.facts},
    )


def _by_staff(
    dispute_id: int,
    word: Word,
    target: Stage,
    *,
    by: User,
    reason: str,
    now: datetime,
    facts: dict[str, Any] | None = None,
) -> Dispute:
    if not by.has_perm("payments.manage_dispute"):
        raise errors.DisputeNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    dispute, transaction = _locked(dispute_id)
    parties = {transaction.payer, transaction.payee}
    if by.pk in {party.user_id for party in parties if party}:
        raise errors.OwnPayment()
    if target not in NEXT[Stage(dispute.stage)]:
        raise errors.WrongStage(stage=dispute.stage, wanted=target)
    DisputeEvent.objects.create(
        dispute=dispute,
        word=word,
        happened_at=now,
        recorded_at=now,
        stage=target,
        by=by,
        reason=reason[:500],
        facts=facts or {},
    )
    follow(dispute, transaction, now=now)
    if dispute.stage != target:  # news of a later moment than ours are here already
        raise errors.WrongStage(stage=dispute.stage, wanted=target)
    audit.record(
        by=by,
        action=f"payments.dispute_{target.lower()}",
        subject=dispute,
        reason=reason,
        facts={"reference": dispute.reference, "amount": str(dispute.amount), **(facts or {})},
        cluster=transaction.cluster,
    )
    return dispute


def _locked(dispute_id: int) -> tuple[Dispute, Transaction]:
    transaction_id = (
        Dispute.objects.filter(pk=dispute_id).values_list("transaction_id", flat=True).first()
    )
    if transaction_id is None:
        raise errors.DisputeNotFound(dispute=dispute_id)
    transaction = locked_payment(transaction_id)
    return Dispute.objects.select_for_update().get(pk=dispute_id), transaction


def _fraud(transaction: Transaction, notice: Notice, now: datetime) -> None:
    name = notice.gateway_transaction or notice.dedupe_key
    _, is_new = FraudReport.objects.get_or_create(
        transaction=transaction,
        reference=name[:120],
        defaults={
            "code": notice.code[:40],
            "amount_minor": notice.amount.minor if notice.amount else None,
            "reported_at": notice.occurred_at or now,
        },
    )
    if not is_new:
        return
    note(
        transaction=transaction,
        now=now,
        reason="The card's issuer reports it as fraud",
        facts={"code": notice.code, "reason": notice.reason},
    )
    _refund_at_once(transaction, f"fraud:{name}"[:200], "The issuer reports fraud", now)


def _refund_at_once(transaction: Transaction, key: str, why: str, now: datetime) -> None:
    refund_by_rule(transaction=transaction, reason=why, key=key, now=now)
