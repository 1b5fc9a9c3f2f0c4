"""What staff may do to a payment of unknown outcome: say, with a reason, what became of it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from apps.core.admin import Verb
from apps.core.show import money_text
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction


def refusal(row: Transaction, by: Any) -> str:
    if row.status != Status.UNKNOWN:
        return f"it is {row.get_status_display().lower()}; only an unknown outcome is settled."
    parties = {row.payer.user_id, row.payee.user_id if row.payee else None}
    return "it is a payment of your own; somebody else must decide." if by.pk in parties else ""


def paid_preview(row: Transaction, _by: Any) -> str:
    seen = row.history.filter(to_status=Status.UNKNOWN).order_by("-id").first()
    facts = ", ".join(f"{name} {value}" for name, value in seen.facts.items()) if seen else "none"
    return (
        f"Books {money_text(row.amount)} for the sale {row.gateway_reference}. First find that "
        "sale in the gateway's own console: it must name this order "
        f"({row.public_id}) and exactly this price. What the look-up said: {facts}."
    )


def paid_run(row: Transaction, by: Any, reason: str) -> str:
    done = _settle(row, Status.CAPTURED, row.gateway_reference, by, reason)
    return f"Captured. {money_text(done.amount)} is booked."


def failed_preview(row: Transaction, _by: Any) -> str:
    return (
        f"Ends the payment of {money_text(row.amount)} as failed and books nothing. Should the "
        "gateway say later that it was paid, its notice is parked for a refund."
    )


def failed_run(row: Transaction, by: Any, reason: str) -> str:
    _settle(row, Status.FAILED, "", by, reason)
    return "Ended as failed. Nothing is booked."


def _settle(
    row: Transaction, outcome: Status, reference: str, by: Any, reason: str
) -> Transaction:
    return payments.settle_unknown(
        transaction_id=row.pk,
        outcome=outcome,
        gateway_reference=reference,
        by=by,
        reason=reason,
        now=timezone.now(),
    )


SETTLE_PAID = Verb(
    name="settle-paid",
    label="Settle as paid",
    permission="payments.settle_unknown",
    is_quiet=True,
    preview=paid_preview,
    refusal=refusal,
    run=paid_run,
    help="The machine could not prove that the sale belongs to this order. You must.",
)
SETTLE_FAILED = Verb(
    name="settle-failed",
    label="Settle as failed",
    permission="payments.settle_unknown",
    is_quiet=True,
    preview=failed_preview,
    refusal=refusal,
    run=failed_run,
    danger=True,
    icon="block",
)


def look_up_refusal(row: Transaction, _by: Any) -> str:
    waits = {Status.PROCESSING, Status.UNKNOWN, Status.AUTHORISED, Status.REQUIRES_ACTION}
    if row.status in waits and row.merchant_account_id:
        return ""
    return f"it is {row.get_status_display().lower()}: nobody waits for a gateway's word."


def look_up_preview(row: Transaction, _by: Any) -> str:
    return (
        f"Asks {row.get_gateway_display()} now what became of it. Where the answer names this "
        "order and its price, it is followed; else it is written into the timeline."
    )


def look_up_run(row: Transaction, by: Any, _reason: str) -> str:
    done = payments.look_up_now(transaction_id=row.pk, by=by, now=timezone.now())
    return f"Asked. It is {done.get_status_display().lower()}."


def cancel_refusal(row: Transaction, _by: Any) -> str:
    if row.status in {Status.CREATED, Status.REQUIRES_ACTION}:
        return ""
    return f"it is {row.get_status_display().lower()}; only what is not paid yet is cancelled."


def cancel_preview(row: Transaction, _by: Any) -> str:
    return (
        f"Gives up the payment of {money_text(row.amount)}. Its page at the gateway may stay "
        "open: should the payer pay there after all, the gateway's word wins and it is booked."
    )


def cancel_run(row: Transaction, by: Any, reason: str) -> str:
    payments.cancel_payment(transaction_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Cancelled. Nothing was booked."


LOOK_UP = Verb(
    name="look-up",
    label="Ask the gateway now",
    permission="payments.settle_unknown",
    is_quiet=True,
    preview=look_up_preview,
    refusal=look_up_refusal,
    run=look_up_run,
    icon="sync",
)
CANCEL = Verb(
    name="cancel",
    label="Cancel",
    permission="payments.settle_unknown",
    is_quiet=True,
    preview=cancel_preview,
    refusal=cancel_refusal,
    run=cancel_run,
    danger=True,
    icon="block",
)
