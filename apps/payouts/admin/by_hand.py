"""What only a person can find out at the rail, and how it is told to the platform."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from apps.core.admin import Verb
from apps.core.money import Money
from apps.core.show import money_text
from apps.payouts import services as payouts
from apps.payouts.choices import Status, Verdict
from apps.payouts.models import Payout


class ProofForm(forms.Form):
    """What the rail's own statement says about a transfer that went through."""

    transaction_id = forms.CharField(max_length=100, label="The rail's transaction id")
    rail_fee = forms.DecimalField(
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
        label="Fee of the rail",
        help_text="In the payout's currency, as the statement shows it.",
    )


FIRST_WORD = "Kept as the first word. Another person must have seen the same before money moves."


def eyes_text(payout: Payout, by: Any) -> str:
    """Return what the person must know about the other pair of eyes."""
    if payout.proposed_by is None or payout.proposed_by_id == by.pk:
        return " Two people must say the same; until then nothing is posted."
    said = ", ".join(f"{name} {value}" for name, value in payout.proposal.items())
    return f" {payout.proposed_by} has said: {said}. If you say the same, it is done."


def settle_refusal(payout: Payout, by: Any) -> str:
    if not (payout.needs_attention and payout.status == Status.UNKNOWN):
        return "its outcome is not in doubt."
    return "the money would go to you." if payout.creator.user_id == by.pk else ""


def look_again_refusal(payout: Payout, by: Any) -> str:
    if not payout.needs_attention:
        return "the machine has not stopped."
    return "the money would go to you." if payout.creator.user_id == by.pk else ""


def paid_preview(payout: Payout, by: Any) -> str:
    return (
        f"Records that {payout.get_rail_display()} has paid {money_text(payout.amount)}: "
        "debit payouts in transit and the rail's fee, credit the rail's cash."
        + eyes_text(payout, by)
    )


def not_paid_preview(payout: Payout, by: Any) -> str:
    return (
        f"Records that nothing was paid and gives {money_text(payout.amount)} back to "
        f"{payout.creator}: debit payouts in transit, credit the creator's earnings."
        + eyes_text(payout, by)
    )


def look_again_preview(payout: Payout, _by: Any) -> str:
    return f"The machine asks {payout.get_rail_display()} again. Nothing is posted now."


def paid_run(
    payout: Payout, by: Any, reason: str, *, transaction_id: str, rail_fee: Decimal
) -> str:
    done = payouts.settle_by_hand(
        payout_id=payout.pk,
        by=by,
        verdict=Verdict.PAID,
        reason=reason,
        now=timezone.now(),
        transaction_id=transaction_id,
        rail_fee=Money.of(str(rail_fee), payout.currency),
    )
    return FIRST_WORD if done.proposal else f"Recorded: {money_text(payout.amount)} was paid."


def not_paid_run(payout: Payout, by: Any, reason: str) -> str:
    done = payouts.settle_by_hand(
        payout_id=payout.pk, by=by, verdict=Verdict.NOT_PAID, reason=reason, now=timezone.now()
    )
    if done.proposal:
        return FIRST_WORD
    return f"Recorded: not paid. {money_text(payout.amount)} is the creator's again."


def look_again_run(payout: Payout, by: Any, reason: str) -> str:
    payouts.settle_by_hand(
        payout_id=payout.pk, by=by, verdict=Verdict.LOOK_AGAIN, reason=reason, now=timezone.now()
    )
    return "The machine looks again with its next run."


def returned_refusal(payout: Payout, by: Any) -> str:
    if payout.status != Status.PAID:
        return f"it is {payout.get_status_display().lower()}; only what was paid can come back."
    return "the money would go to you." if payout.creator.user_id == by.pk else ""


def returned_preview(payout: Payout, by: Any) -> str:
    return (
        f"Records that {payout.get_rail_display()} gave back {money_text(payout.amount)} and "
        f"posts 2 lines: debit the rail's cash, credit the earnings of {payout.creator}. "
        f"The rail's fee stays spent.{eyes_text(payout, by)}"
    )


def returned_run(payout: Payout, by: Any, reason: str) -> str:
    done = payouts.mark_returned(payout_id=payout.pk, by=by, reason=reason, now=timezone.now())
    if done.proposal:
        return FIRST_WORD
    return f"Returned. {money_text(payout.amount)} is the creator's again."


RETURNED = Verb(
    name="returned",
    label="Mark as returned",
    permission="payouts.settle_payout",
    is_quiet=True,
    preview=returned_preview,
    refusal=returned_refusal,
    run=returned_run,
    danger=True,
    icon="undo",
    help="Only when the rail's own statement shows that the money came back.",
)
BY_HAND = (
    Verb(
        name="settle-paid",
        label="Settle as paid",
        permission="payouts.settle_payout",
        is_quiet=True,
        preview=paid_preview,
        refusal=settle_refusal,
        run=paid_run,
        form=ProofForm,
        danger=True,
        help="Only when the rail's own statement shows this transfer.",
    ),
    Verb(
        name="settle-not-paid",
        label="Settle as not paid",
        permission="payouts.settle_payout",
        is_quiet=True,
        preview=not_paid_preview,
        refusal=settle_refusal,
        run=not_paid_run,
        danger=True,
        help="Only when the rail has confirmed that it will never pay this reference.",
    ),
    Verb(
        name="look-again",
        label="Look again",
        permission="payouts.settle_payout",
        is_quiet=True,
        preview=look_again_preview,
        refusal=look_again_refusal,
        run=look_again_run,
    ),
    RETURNED,
)
