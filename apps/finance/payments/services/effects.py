"""What news does to the payment it is about. The payment's row is locked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.transaction import atomic

from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import PAID, NoticeOutcome, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules.redact import clean_text
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.services.disputes import dispute_news
from apps.finance.payments.services.move import authorise, cancel, capture, fail, move, note
from apps.finance.payments.services.refund_news import gateway_refunded
from apps.finance.payments.services.waiting import wake_those_waiting_for
from apps.finance.payments.services.whose import is_of_account

#: News about the sale itself: it must name an order of ours.
OF_AN_ORDER = frozenset({Told.PAID, Told.AUTHORISED, Told.PENDING, Told.DECLINED, Told.CANCELLED})
#: News about money that was taken: it must name a sale of ours.
OF_A_SALE = frozenset(
    {
        Told.REFUNDED,
        Told.REFUND_FAILED,
        Told.VOIDED,
        Told.INQUIRY,
        Told.ALERT,
        Told.CHARGEBACK,
        Told.CHARGEBACK_WON,
        Told.CHARGEBACK_LOST,
        Told.FRAUD_REPORT,
    }
)


def facts_of(notice: Notice) -> dict[str, str]:
    """Return what the history keeps of a piece of news."""
    return {
        "reference": notice.reference,
        "gateway_transaction": notice.gateway_transaction,
        "occurred_at": notice.occurred_at.isoformat() if notice.occurred_at else "",
        **({"code": notice.code, "reason": clean_text(notice.reason)} if notice.code else {}),
        **({"card_brand": notice.means.brand} if notice.means and notice.means.brand else {}),
        **{name: clean_text(text) for name, text in notice.facts.items()},
    }


Acted = tuple[NoticeOutcome, str]
DONE: Acted = (NoticeOutcome.DONE, "")


def _paid(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.status in PAID:
        return _paid_again(transaction, notice, now)
    if transaction.settled_at:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook says it is paid, but staff settled it as failed",
            facts=facts_of(notice),
        )
        return NoticeOutcome.PARKED, "Paid, but staff settled it as failed: refund it"
    others = Transaction.objects.filter(
        gateway=transaction.gateway, gateway_reference=notice.reference, captured_at__isnull=False
    ).exclude(pk=transaction.pk)
    if notice.reference and others.exists():
        return NoticeOutcome.PARKED, "This sale was captured for another order"
    _at_the_account_that_paid(transaction, notice)
    capture(
        transaction=transaction,
        now=now,
        reason="The gateway's webhook says it is paid",
        reference=notice.reference,
        facts=facts_of(notice),
        means=notice.means,
    )
    wake_those_waiting_for([transaction.pk], now=now)
    return DONE


def _paid_again(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.gateway_reference == notice.reference:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook confirms the capture",
            facts=facts_of(notice),
        )
        return DONE
    note(
        transaction=transaction,
        now=now,
        reason="The payer was charged a second time for this order",
        facts=facts_of(notice),
    )
    return NoticeOutcome.PARKED, "A second sale for a captured order: refund it"


def _at_the_account_that_paid(transaction: Transaction, notice: Notice) -> None:
    """An earlier try paid after all: its account has the money."""
    mine = transaction.merchant_account
    if mine is None or is_of_account(notice, mine):
        return
    for tried in transaction.attempts.select_related("merchant_account"):
        if is_of_account(notice, tried.merchant_account):
            transaction.merchant_account = tried.merchant_account
            transaction.gateway = tried.gateway


def _authorised(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if may_move(current=transaction.status, target=Status.AUTHORISED) or (
        transaction.status == Status.AUTHORISED
    ):
        authorise(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook says the bank holds the money",
            reference=notice.reference,
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "it was authorised")
    return DONE


def _pending(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if transaction.status == Status.REQUIRES_ACTION:
        move(
            transaction=transaction,
            target=Status.PROCESSING,
            now=now,
            reason="The gateway's webhook says the money is on its way",
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "the money is on its way")
    return DONE


def _cancelled(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if not transaction.settled_at and may_move(
        current=transaction.status, target=Status.CANCELLED
    ):
        reason = notice.reason or "no reason given"
        cancel(
            transaction=transaction,
            now=now,
            reason=f"The gateway's webhook says it was given up: {reason}"[:200],
            facts=facts_of(notice),
        )
    else:
        _late(transaction, notice, now, "it was given up")
    return DONE


def _late(transaction: Transaction, notice: Notice, now: datetime, what: str) -> None:
    """Other news has overtaken it: it stays a line of history."""
    note(
        transaction=transaction,
        now=now,
        reason=f"The gateway's webhook says {what}; this changes nothing any more",
        facts=facts_of(notice),
    )


def _declined(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    """The page lets the payer try again, so a decline alone does not end the order."""
    open_still = {Status.REQUIRES_ACTION, Status.EXPIRED, Status.FAILED}
    if transaction.status in open_still and not transaction.settled_at:
        transaction.failure_code = notice.code
        transaction.failure_reason = notice.reason
        if transaction.status == Status.REQUIRES_ACTION:
            transaction.last_word_at = now
        transaction.save()
    if transaction.status == Status.EXPIRED and may_move(
        current=transaction.status, target=Status.FAILED
    ):
        fail(transaction=transaction, now=now, code=notice.code, reason=notice.reason,
             facts=facts_of(notice))  # fmt: skip
        return DONE
    note(
        transaction=transaction,
        now=now,
        reason=f"A card was declined: {notice.reason or notice.code or 'no reason given'}"[:200],
        facts=facts_of(notice),
    )
    return DONE


def _given_back(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    if notice.told is Told.VOIDED and transaction.status == Status.AUTHORISED:
        return _cancelled(transaction, notice, now)  # money held: nobody has it now
    return _or_parked(gateway_refunded, transaction, notice, now)


def _disputed(transaction: Transaction, notice: Notice, now: datetime) -> Acted:
    return _or_parked(dispute_news, transaction, notice, now)


def _or_parked(
    act: Callable[..., None], transaction: Transaction, notice: Notice, now: datetime
) -> Acted:
    """Do it whole or not at all: what does not fit the payment is for a person."""
    try:
        with atomic():
            act(transaction=transaction, notice=notice, now=now)
    except errors.StaffMustLook as error:
        return NoticeOutcome.PARKED, str(error)
    return DONE


_Effect = Callable[[Transaction, Notice, datetime], Acted]
EFFECTS: dict[Told, _Effect] = {
    Told.PAID: _paid,
    Told.AUTHORISED: _authorised,
    Told.PENDING: _pending,
    Told.DECLINED: _declined,
    Told.CANCELLED: _cancelled,
    **dict.fromkeys((Told.REFUNDED, Told.REFUND_FAILED, Told.VOIDED), _given_back),
    **dict.fromkeys(OF_A_SALE - {Told.REFUNDED, Told.REFUND_FAILED, Told.VOIDED}, _disputed),
}
