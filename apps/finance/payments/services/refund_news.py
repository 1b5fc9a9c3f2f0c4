"""What gateways tell of refunds: ours that arrived, others' that we did not know of."""

from __future__ import annotations

from datetime import datetime

from django.utils.dateparse import parse_datetime

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import services as ledger
from apps.finance.payments import errors
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import (
    IN_FLIGHT,
    NOT_SENT,
    Destination,
    Origin,
    RefundReason,
    RefundState,
)
from apps.finance.payments.selectors.given_back import live_minor, policy_of, room_of
from apps.finance.payments.services.dispute_books import cover_again
from apps.finance.payments.services.refund_books import book_refund, unbook_refund
from apps.finance.payments.services.refund_moves import (
    call_a_person,
    move_refund,
    write_refund,
)

WITHDRAWN = "The gateway gave the money back meanwhile"


@joins_transaction
def gateway_refunded(*, transaction: Transaction, notice: Notice, now: datetime) -> None:
    """
    Act on REFUNDED, VOIDED or REFUND_FAILED about a payment whose row is locked.

    News of a refund of ours confirms it, whatever we knew of it; other news make a refund of
    their own, and refunds that are not sent yet and no longer fit are withdrawn. The caller
    brings each piece of news once.

    :raises TooEarly: the payment is not captured yet
    :raises StaffMustLook: it fits no refund and not what is left of the payment
    """
    if transaction.status not in PAID:
        raise errors.TooEarly(status=transaction.status)
    if notice.told is Told.REFUND_FAILED:
        _bounced(transaction, notice, now)
        return
    reference = _reference(transaction, notice)
    known = _known(transaction, notice, reference)
    if known is None:
        known = _new(transaction, notice, reference, now)
    elif known.state == RefundState.DONE:
        _confirm(known, notice, reference, now)
        return
    elif _failed_since(known, notice):
        reason = "Told late: after that it failed"
        write_refund(known, known.state, now=now, reason=reason, facts=_facts(notice))
        return
    known.confirmed_at = now
    known.gateway_reference = known.gateway_reference or reference
    _book(known, transaction, notice, now)


def _known(transaction: Transaction, notice: Notice, reference: str) -> Refund | None:
    """
    Return the refund the news is about: by its name, else the one of this amount that waits for
    such news. The gateway may tell before it answers our own call.
    """
    mine = Refund.objects.select_for_update().filter(
        transaction=transaction, destination=Destination.GATEWAY
    )
    if reference and (named := mine.filter(gateway_reference=reference).first()):
        return named
    amount = notice.amount or room_of(transaction)
    of_amount = mine.filter(amount_minor=amount.minor, confirmed_at__isnull=True).order_by("id")
    for states in (IN_FLIGHT, {RefundState.DONE}, NOT_SENT):
        if found := of_amount.filter(state__in=states).first():
            return found
    return of_amount.filter(state=RefundState.FAILED, handed_over_at__isnull=False).first()


def _failed_since(refund: Refund, notice: Notice) -> bool:
    """Test if the gateway told of a failure after the moment the news are about."""
    if refund.state != RefundState.FAILED or notice.occurred_at is None:
        return False
    ends = refund.history.filter(to_state=RefundState.FAILED).exclude(from_state=refund.state)
    failed_at = parse_datetime(ends.latest("id").facts.get("occurred_at", ""))
    return failed_at is not None and failed_at > notice.occurred_at


def _new(transaction: Transaction, notice: Notice, reference: str, now: datetime) -> Refund:
    amount = _amount(transaction, notice, now)
    policy = policy_of(cluster_id=transaction.cluster_id, currency=transaction.currency, at=now)
    refund = Refund.objects.create(
        transaction=transaction,
        amount_minor=amount.minor,
        currency=amount.currency,
        destination=Destination.GATEWAY,
        origin=Origin.GATEWAY,
        reason_code=RefundReason.GATEWAY,
        reason=(notice.reason or notice.event_type)[:500],
        state=RefundState.PENDING,
        key=f"told:{notice.dedupe_key}"[:200],
        gateway_reference=reference,
        platform_fee_returned=policy.platform_fee_returned,
        processing_fee_returned=policy.processing_fee_returned,
        kept_fees_borne_by=policy.kept_fees_borne_by,
        confirmed_at=now,
        created_at=now,
    )
    write_refund(
        refund,
        "",
        now=now,
        reason=f"Told by the gateway: {notice.event_type}",
        facts=_facts(notice),
    )
    return refund


def _amount(transaction: Transaction, notice: Notice, now: datetime) -> Money:
    """Return what went back: what the news say, else all that is left. Make room for it.

    :raises StaffMustLook: it is in another currency, or more than is left
    """
    amount = notice.amount
    if amount is not None and amount.currency != transaction.currency:
        raise errors.StaffMustLook(
            f"The gateway refunded {amount} of a payment in {transaction.currency}"
        )
    room = room_of(transaction)
    if amount is None or room < amount:
        _withdraw(transaction, room_for=amount, now=now)
        if amount is not None and amount.minor <= transaction.amount_minor - live_minor(
            transaction
        ):
            # It went back for sure, so a bank that has the money, or keeps it, takes ours.
            cover_again(transaction, now=now, going_back=amount)
        room = room_of(transaction)
    amount = amount or room
    if amount.minor <= 0 or room < amount:
        raise errors.StaffMustLook(
            f"The gateway refunded {amount}, but {room} is left: the rest is refunded or disputed"
        )
    return amount


def _withdraw(transaction: Transaction, *, room_for: Money | None, now: datetime) -> None:
    """Take back refunds that are not sent, the newest first, until the amount fits."""
    unsent = Refund.objects.select_for_update().filter(transaction=transaction, state__in=NOT_SENT)
    for refund in unsent.order_by("-id"):
        if room_for is not None and room_for <= room_of(transaction):
            return
        if refund.hold_id is not None:
            ledger.release_hold(hold_id=refund.hold_id, now=now)
            refund.hold_id = None
        refund.failure_code, refund.failure_reason = "withdrawn", WITHDRAWN
        move_refund(refund, RefundState.FAILED, now=now, reason=WITHDRAWN)


def _confirm(refund: Refund, notice: Notice, reference: str, now: datetime) -> None:
    first = refund.confirmed_at is None
    refund.confirmed_at = refund.confirmed_at or now
    refund.gateway_reference = refund.gateway_reference or reference
    refund.save()
    write_refund(
        refund,
        refund.state,
        now=now,
        reason="Confirmed by the gateway" if first else "Told again by the gateway",
        facts=_facts(notice),
    )


def _book(refund: Refund, transaction: Transaction, notice: Notice, now: datetime) -> None:
    """Book it, unless a deposit is spent: then the money is gone and a person must decide."""
    refund.save()
    reason = f"Told by the gateway: {notice.event_type}"
    try:
        book_refund(refund, transaction, now=now, reason=reason, facts=_facts(notice))
    except ledger_errors.InsufficientFunds:
        refund.refresh_from_db()
        call_a_person(
            refund, now=now, reason="The gateway gave a deposit back that is already spent"
        )


def _bounced(transaction: Transaction, notice: Notice, now: datetime) -> None:
    reference = _reference(transaction, notice)
    mine = Refund.objects.select_for_update().filter(
        transaction=transaction, destination=Destination.GATEWAY
    )
    found = mine.filter(gateway_reference=reference).first() if reference else None
    if found is None:
        open_ones = mine.filter(state__in=[*IN_FLIGHT, RefundState.DONE]).order_by("-id")
        if notice.amount is not None:
            open_ones = open_ones.filter(amount_minor=notice.amount.minor)
        found = open_ones.first()
    if found is None or found.state in {RefundState.FAILED, RefundState.REJECTED}:
        return
    reason = f"It did not reach the payer: {notice.reason or notice.code or notice.event_type}"
    found.failure_code, found.failure_reason = notice.code[:40], reason[:200]
    found.gateway_reference = found.gateway_reference or reference
    if found.state == RefundState.DONE:
        unbook_refund(found, transaction, now=now, reason=reason, facts=_facts(notice))
        cover_again(transaction, now=now)
        return
    if found.hold_id is not None:
        ledger.release_hold(hold_id=found.hold_id, now=now)
        found.hold_id = None
    move_refund(found, RefundState.FAILED, now=now, reason=reason, facts=_facts(notice))
    cover_again(transaction, now=now)


def _reference(transaction: Transaction, notice: Notice) -> str:
    """Return the gateway's name for the refund; the name of the sale itself is none."""
    name = notice.gateway_transaction
    return "" if name in {transaction.gateway_reference, notice.reference} else name[:120]


def _facts(notice: Notice) -> dict[str, str]:
    return {
        "event": notice.event_type,
        "gateway_transaction": notice.gateway_transaction,
        "amount": str(notice.amount) if notice.amount else "",
        "occurred_at": notice.occurred_at.isoformat() if notice.occurred_at else "",
    }
