"""What staff may do about refunds, each a call of one service."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.utils import timezone

from apps.core.admin import Verb
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.core.show import money_text
from apps.finance.payments.choices import PAID
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.refunds import (
    NOT_SENT,
    Destination,
    RefundReason,
    RefundState,
)
from apps.finance.payments.selectors.refunds import PreviewLine, left_to_refund, preview_of
from apps.finance.payments.services.refunds import (
    approve_refund,
    reject_refund,
    request_refund,
    settle_refund,
)

_SAID = {
    RefundState.REQUESTED: "Asked for. Somebody else must approve it.",
    RefundState.APPROVED: "Approved. The next run sends it to the gateway.",
    RefundState.DONE: "Given back to the wallet, and booked.",
}


class RefundForm(forms.Form):
    """How much goes back, where to, and why."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    amount = forms.CharField(
        required=False,
        max_length=20,
        label="Amount",
        help_text="Like 25.00, in the payment's currency. Empty: all that is left.",
    )
    reason_code = forms.ChoiceField(
        choices=[c for c in RefundReason.choices if c[0] != RefundReason.GATEWAY], label="Why"
    )
    destination = forms.ChoiceField(
        choices=[("", "Back the way it came"), (Destination.WALLET.value, "To the fan's wallet")],
        required=False,
        label="Where to",
    )


class SettleForm(forms.Form):
    """What the gateway's own console shows."""

    reference = forms.CharField(
        max_length=120, required=False, label="The gateway's number of the refund"
    )


def posting_text(lines: list[PreviewLine]) -> str:
    """Write an entry to be in one sentence."""
    debits = [f"{line.account} {money_text(line.debit)}" for line in lines if line.debit]
    credits_ = [f"{line.account} {money_text(line.credit)}" for line in lines if line.credit]
    return f"debit {', '.join(debits)}; credit {', '.join(credits_)}"


def _own(payment: Transaction, by: Any) -> bool:
    parties = {payment.payer.user_id, payment.payee.user_id if payment.payee else None}
    return by.pk in parties


def refund_refusal(row: Transaction, by: Any) -> str:
    if row.status not in PAID:
        return f"it is {row.get_status_display().lower()}; only what was paid goes back."
    if not left_to_refund(row):
        return "nothing of it is left: it is refunded, or a bank has the money."
    return "it is a payment of your own; somebody else must decide." if _own(row, by) else ""


def refund_preview(row: Transaction, _by: Any) -> str:
    left = left_to_refund(row)
    if not left:
        return "Nothing is left."
    try:
        entry = posting_text(preview_of(row, left, at=timezone.now()))
    except DomainError as error:
        entry = str(error)
    return (
        f"{money_text(left)} can go back. All of it would post, as balances are now: {entry}. "
        "A part takes the same accounts in proportion. Above the brand's limit somebody else "
        "decides first, and sees the exact lines."
    )


def refund_run(
    row: Transaction,
    by: Any,
    reason: str,
    *,
    key: UUID,
    amount: str,
    reason_code: str,
    destination: str,
) -> str:
    money = Money.of(amount.strip(), row.currency) if amount.strip() else left_to_refund(row)
    refund = request_refund(
        transaction_id=row.pk,
        amount=money,
        reason_code=RefundReason(reason_code),
        reason=reason,
        key=f"console:{key}",
        by=by,
        now=timezone.now(),
        destination=Destination(destination) if destination else None,
    )
    said = _SAID.get(RefundState(refund.state), refund.get_state_display())
    return f"{money_text(money)}: {said}"


def approve_refusal(row: Refund, by: Any) -> str:
    if row.state != RefundState.REQUESTED:
        return f"it is {row.get_state_display().lower()}, not waiting for approval."
    if row.by_id == by.pk:
        return "you asked for it; somebody else must decide."
    return "it is about a payment of your own." if _own(row.transaction, by) else ""


def approve_preview(row: Refund, _by: Any) -> str:
    try:
        lines = preview_of(
            row.transaction,
            row.amount,
            at=timezone.now(),
            destination=row.destination,
            refund=row,
        )
    except DomainError as error:
        return f"{money_text(row.amount)}: {error}"
    when = (
        "at once"
        if row.destination == Destination.WALLET
        else "when the gateway has given it back"
    )
    return f"{money_text(row.amount)} goes back. Posted {when}: {posting_text(lines)}."


def approve_run(row: Refund, by: Any, reason: str) -> str:
    done = approve_refund(refund_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"{money_text(row.amount)}: {_SAID.get(RefundState(done.state), done.state)}"


def reject_refusal(row: Refund, by: Any) -> str:
    if row.state not in NOT_SENT:
        return f"it is {row.get_state_display().lower()} and can no longer be stopped."
    return ""


def reject_preview(row: Refund, _by: Any) -> str:
    return f"Nothing of the {money_text(row.amount)} goes back, and nothing is posted."


def reject_run(row: Refund, by: Any, reason: str) -> str:
    reject_refund(refund_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Rejected. Nothing went back."


def settle_refusal(row: Refund, by: Any) -> str:
    if row.state not in {RefundState.UNKNOWN, RefundState.PENDING}:
        return "its outcome is not in doubt."
    return "it is about a payment of your own." if _own(row.transaction, by) else ""


def went_back_preview(row: Refund, _by: Any) -> str:
    return (
        f"Books that {money_text(row.amount)} went back. First find that refund in the gateway's "
        f"own console, at the sale {row.transaction.gateway_reference}."
    )


def not_back_preview(row: Refund, _by: Any) -> str:
    return (
        f"Ends the refund of {money_text(row.amount)} as failed and posts nothing. Should the "
        "gateway tell later that it went back, it is booked then."
    )


def went_back_run(row: Refund, by: Any, reason: str, *, reference: str) -> str:
    _settle(row, by, reason, reference, went_back=True)
    return f"Booked. {money_text(row.amount)} went back."


def not_back_run(row: Refund, by: Any, reason: str, *, reference: str) -> str:
    _settle(row, by, reason, reference, went_back=False)
    return "Ended as failed. Nothing is posted."


def _settle(row: Refund, by: Any, reason: str, reference: str, *, went_back: bool) -> None:
    settle_refund(
        refund_id=row.pk,
        went_back=went_back,
        reference=reference,
        by=by,
        reason=reason,
        now=timezone.now(),
    )


REFUND = Verb(
    name="refund",
    label="Refund",
    permission="payments.refund_transaction",
    is_quiet=True,
    preview=refund_preview,
    refusal=refund_refusal,
    run=refund_run,
    form=RefundForm,
    danger=True,
    icon="undo",
    help="Money goes back to the payer. Creators give their share back, or owe it.",
)
APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="payments.approve_refund",
    preview=approve_preview,
    refusal=approve_refusal,
    run=approve_run,
    help="Never by the one who asked for it.",
)
REJECT = Verb(
    name="reject",
    label="Reject",
    permission="payments.approve_refund",
    preview=reject_preview,
    refusal=reject_refusal,
    run=reject_run,
    danger=True,
    icon="block",
)
WENT_BACK = Verb(
    name="went-back",
    label="Settle as gone back",
    permission="payments.approve_refund",
    is_quiet=True,
    preview=went_back_preview,
    refusal=settle_refusal,
    run=went_back_run,
    form=SettleForm,
    help="The machine could not find out. You must, in the gateway's console.",
)
NOT_BACK = Verb(
    name="not-back",
    label="Settle as not gone back",
    permission="payments.approve_refund",
    is_quiet=True,
    preview=not_back_preview,
    refusal=settle_refusal,
    run=not_back_run,
    form=SettleForm,
    danger=True,
    icon="block",
)
