"""What staff may do about a dispute, each a call of one service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from apps.core.admin import Verb
from apps.core.errors import DomainError
from apps.core.show import money_text
from apps.finance.payments.admin.refund_verbs import posting_text
from apps.finance.payments.models import Dispute
from apps.finance.payments.rules.disputes import NEXT, Stage
from apps.finance.payments.selectors.refunds import left_to_refund, preview_of
from apps.finance.payments.services.disputes import (
    accept_dispute,
    close_dispute,
    record_submission,
    refund_instead,
)
from apps.finance.payments.services.evidence import STATEMENT_LENGTH, make_evidence

_ANNOUNCED = frozenset({Stage.INQUIRY, Stage.ALERT})


class StatementForm(forms.Form):
    """What staff tell the bank in their own words."""

    statement = forms.CharField(
        required=False,
        max_length=STATEMENT_LENGTH,
        label="Statement to the bank",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="It stands first in the pack. Leave it empty to let the records speak.",
    )


def _own(row: Dispute, by: Any) -> str:
    payment = row.transaction
    parties = {payment.payer.user_id, payment.payee.user_id if payment.payee else None}
    return "it is about a payment of your own." if by.pk in parties else ""


def _may(row: Dispute, target: Stage, by: Any) -> str:
    if target not in NEXT[Stage(row.stage)]:
        return f"it is {row.get_stage_display().lower()}."
    return _own(row, by)


def evidence_refusal(row: Dispute, by: Any) -> str:
    return _own(row, by)


def evidence_preview(row: Dispute, _by: Any) -> str:
    return (
        "Makes a PDF of the receipt, the purchase, earlier payments, the gateway's messages and "
        "the history, and keeps it with its SHA-256. Nothing is sent."
    )


def evidence_run(row: Dispute, by: Any, reason: str, *, statement: str) -> str:
    pack = make_evidence(
        dispute_id=row.pk, statement=statement, by=by, reason=reason, now=timezone.now()
    )
    return f"Pack {pack.pk} is made: {len(pack.contents)} chapters. Send it at the gateway."


def represent_refusal(row: Dispute, by: Any) -> str:
    if refused := _may(row, Stage.REPRESENTED, by):
        return refused
    return "" if row.packs.exists() else "no evidence was made yet."


def represent_preview(row: Dispute, _by: Any) -> str:
    newest = row.packs.defer("content").order_by("-id").first()
    number = newest.pk if newest else "none"
    return (
        f"Records that pack {number} was handed to {row.get_gateway_display()}. The money stays "
        "disputed until the bank decides; nothing is posted."
    )


def represent_run(row: Dispute, by: Any, reason: str) -> str:
    newest = row.packs.defer("content").order_by("-id").first()
    record_submission(
        dispute_id=row.pk,
        pack_id=newest.pk if newest else 0,
        by=by,
        reason=reason,
        now=timezone.now(),
    )
    return "Recorded. The bank decides now."


def accept_refusal(row: Dispute, by: Any) -> str:
    return _may(row, Stage.ACCEPTED, by)


def accept_preview(row: Dispute, _by: Any) -> str:
    return (
        f"Gives {money_text(row.amount)} up: the creator's share, the platform's fee and the tax "
        "of it are taken back as the brand's policy says, the rest is a chargeback loss."
    )


def accept_run(row: Dispute, by: Any, reason: str) -> str:
    accept_dispute(dispute_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"Accepted. {money_text(row.amount)} is lost and booked."


def refund_refusal(row: Dispute, by: Any) -> str:
    if row.stage not in _ANNOUNCED:
        return f"it is {row.get_stage_display().lower()}: the bank has the money, or it is over."
    if not left_to_refund(row.transaction):
        return "nothing of the payment is left to refund."
    return _own(row, by)


def refund_preview(row: Dispute, _by: Any) -> str:
    left = left_to_refund(row.transaction)
    if not left:
        return "Nothing is left."
    try:
        entry = posting_text(preview_of(row.transaction, left, at=timezone.now()))
    except DomainError as error:
        entry = str(error)
    return f"Refunds all {money_text(left)} that is left, so no chargeback follows: {entry}."


def refund_run(row: Dispute, by: Any, reason: str) -> str:
    refund = refund_instead(dispute_id=row.pk, by=by, reason=reason, now=timezone.now())
    return f"Refund of {money_text(refund.amount)}: {refund.get_state_display().lower()}."


def close_refusal(row: Dispute, by: Any) -> str:
    return _may(row, Stage.CLOSED, by)


def close_preview(row: Dispute, _by: Any) -> str:
    return "Ends the case without a chargeback. Should one follow, the case goes on."


def close_run(row: Dispute, by: Any, reason: str) -> str:
    close_dispute(dispute_id=row.pk, by=by, reason=reason, now=timezone.now())
    return "Closed."


MANAGE = "payments.manage_dispute"
MAKE_EVIDENCE = Verb(
    name="evidence", label="Make evidence", permission=MANAGE, preview=evidence_preview,
    refusal=evidence_refusal, run=evidence_run, form=StatementForm, icon="description",
)  # fmt: skip
REPRESENT = Verb(
    name="represent", label="Evidence was sent", permission=MANAGE, is_quiet=True,
    preview=represent_preview, refusal=represent_refusal, run=represent_run, icon="send",
    help="Upload the newest pack in the gateway's console first, then record it here.",
)  # fmt: skip
REFUND_INSTEAD = Verb(
    name="refund-instead", label="Refund instead", permission="payments.refund_transaction",
    is_quiet=True, preview=refund_preview, refusal=refund_refusal, run=refund_run, icon="undo",
    help="A refund before the chargeback costs no fee and does not count against the MID.",
)  # fmt: skip
CLOSE = Verb(
    name="close", label="Close", permission=MANAGE, is_quiet=True, preview=close_preview,
    refusal=close_refusal, run=close_run,
)  # fmt: skip
ACCEPT = Verb(
    name="accept", label="Accept the loss", permission=MANAGE, is_quiet=True,
    preview=accept_preview, refusal=accept_refusal, run=accept_run, danger=True, icon="block",
    help="The bank may still decide for us later; then it is booked back.",
)  # fmt: skip
