"""What an authentic webhook does to its payment."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from apps.core.db import joins_transaction
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import Status, WebhookStatus
from apps.finance.payments.models import MerchantAccount, Transaction, WebhookEvent
from apps.finance.payments.rules.transitions import may_move
from apps.finance.payments.services.move import capture, fail, note


class Refused(Exception):
    """An authentic delivery that does not fit its order: of another brand, price or account."""


@joins_transaction
def apply_notice(*, webhook: WebhookEvent, notice: Notice, now: datetime) -> None:
    """
    Do what the notice says and set the (locked, unsaved) delivery's state.

    Deliveries of one order queue at its row, so the same one is acted on once and any order
    of deliveries ends in the same state.

    :raises Refused: it does not fit its order
    """
    if notice.told in {Told.PAID, Told.DECLINED}:
        transaction = _order_of(webhook, notice)
        webhook.transaction = transaction
        if not _is_repeat(webhook, notice):
            _act(webhook, transaction, notice, now)
        return
    _check_account_is_ours(webhook, notice)
    webhook.transaction = _by_reference(webhook, notice)
    if _is_repeat(webhook, notice):
        return
    if notice.told is Told.NOTHING:
        _end(webhook, WebhookStatus.IGNORED, f"{notice.event_type} moves no money of a purchase")
    else:
        _end(webhook, WebhookStatus.PARKED, f"{notice.event_type} is handled by staff")


def _order_of(webhook: WebhookEvent, notice: Notice) -> Transaction:
    try:
        public_id = UUID(notice.token)
    except ValueError as error:
        raise Refused("it names no order of ours") from error
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster", "merchant_account")
        .filter(public_id=public_id, gateway=webhook.gateway)
        .first()
    )
    if transaction is None or transaction.merchant_account is None:
        raise Refused("it names an unknown order")
    account = transaction.merchant_account
    if (notice.account.number, notice.account.subaccount) != (
        account.account_number,
        account.subaccount,
    ):
        raise Refused("it comes from another merchant account than the order's")
    if notice.amount != transaction.amount and (
        notice.told is Told.PAID or notice.amount is not None
    ):
        raise Refused("price or currency is not the order's")
    return transaction


def _is_repeat(webhook: WebhookEvent, notice: Notice) -> bool:
    """Point a repeated delivery to the first one that was acted on."""
    webhook.dedupe_key = notice.dedupe_key
    first = (
        WebhookEvent.objects.filter(gateway=webhook.gateway, dedupe_key=notice.dedupe_key)
        .exclude(pk=webhook.pk)
        .exclude(status=WebhookStatus.REFUSED)
        .filter(duplicate_of__isnull=True)
        .order_by("id")
        .first()
    )
    if first is None:
        return False
    webhook.duplicate_of = first
    _end(webhook, WebhookStatus.IGNORED, f"Delivered again; the first is #{first.pk}")
    return True


def _act(webhook: WebhookEvent, transaction: Transaction, notice: Notice, now: datetime) -> None:
    if notice.told is Told.DECLINED:
        _declined(transaction, notice, now)
        _end(webhook, WebhookStatus.PROCESSED)
    elif transaction.status != Status.CAPTURED:
        _paid(webhook, transaction, notice, now)
    elif transaction.gateway_reference == notice.reference:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook confirms the capture",
            facts=_facts(notice),
        )
        _end(webhook, WebhookStatus.PROCESSED)
    else:
        note(
            transaction=transaction,
            now=now,
            reason="The payer was charged a second time for this order",
            facts=_facts(notice),
        )
        _end(webhook, WebhookStatus.PARKED, "A second sale for a captured order: refund it")


def _paid(webhook: WebhookEvent, transaction: Transaction, notice: Notice, now: datetime) -> None:
    if transaction.settled_at:
        note(
            transaction=transaction,
            now=now,
            reason="The gateway's webhook says it is paid, but staff settled it as failed",
            facts=_facts(notice),
        )
        _end(webhook, WebhookStatus.PARKED, "Paid, but staff settled it as failed: refund it")
        return
    others = Transaction.objects.filter(
        gateway=transaction.gateway, gateway_reference=notice.reference
    ).exclude(pk=transaction.pk)
    if others.filter(status=Status.CAPTURED).exists():
        _end(webhook, WebhookStatus.PARKED, "This sale was captured for another order")
        return
    capture(
        transaction=transaction,
        now=now,
        reason="The gateway's webhook says it is paid",
        reference=notice.reference,
        facts=_facts(notice),
    )
    _end(webhook, WebhookStatus.PROCESSED)


def _declined(transaction: Transaction, notice: Notice, now: datetime) -> None:
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
             facts=_facts(notice))  # fmt: skip
        return
    note(
        transaction=transaction,
        now=now,
        reason=f"A card was declined: {notice.reason or notice.code or 'no reason given'}",
        facts=_facts(notice),
    )


def _check_account_is_ours(webhook: WebhookEvent, notice: Notice) -> None:
    if not MerchantAccount.objects.filter(
        gateway=webhook.gateway,
        account_number=notice.account.number,
        subaccount=notice.account.subaccount,
    ).exists():
        raise Refused("it comes from a merchant account that is not ours")


def _by_reference(webhook: WebhookEvent, notice: Notice) -> Transaction | None:
    if not notice.reference:
        return None
    return Transaction.objects.filter(
        gateway=webhook.gateway,
        gateway_reference=notice.reference,
        merchant_account__account_number=notice.account.number,
        merchant_account__subaccount=notice.account.subaccount,
        status=Status.CAPTURED,
    ).first()


def _end(webhook: WebhookEvent, status: WebhookStatus, why: str = "") -> None:
    webhook.status = status
    webhook.error = why


def _facts(notice: Notice) -> dict[str, str]:
    return {
        "reference": notice.reference,
        "gateway_transaction": notice.gateway_transaction,
        "occurred_at": notice.occurred_at.isoformat() if notice.occurred_at else "",
        **({"code": notice.code, "reason": notice.reason} if notice.code else {}),
        **notice.facts,
    }
