"""What staff may do to a payout, each a call of one service."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.core.admin import Verb
from apps.core.show import money_text
from apps.payouts import rules
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout

WAITING = (Status.REQUESTED, Status.IN_REVIEW)


def needed_for(payout: Payout) -> int:
    return rules.approvals_needed(
        amount=payout.amount, four_eyes_from=Decimal(settings.PAYOUT_FOUR_EYES_FROM)
    )


def destination_text(payout: Payout) -> str:
    """Return to whom the money goes, as the creator wrote it on the day of the request."""
    names = (payout.destination.get(key, "") for key in ("first_name", "last_name"))
    name = payout.destination.get("business_name") or " ".join(filter(None, names))
    email = payout.destination.get("email", "")
    return f"{name} <{email}>" if name else str(email)


def approve_refusal(payout: Payout, by: Any) -> str:
    if payout.status not in WAITING:
        return f"it is {payout.get_status_display().lower()}, not waiting for approval."
    if payout.creator.user_id == by.pk:
        return "the money would go to you; two others must decide."
    if any(approval.by_id == by.pk for approval in payout.approvals.all()):
        return "you have approved it; now somebody else must."
    return ""


def approve_preview(payout: Payout, _by: Any) -> str:
    given, needed = len(payout.approvals.all()) + 1, needed_for(payout)
    what = (
        f"{money_text(payout.amount)} to {destination_text(payout)} by {payout.get_rail_display()}"
    )
    if given < needed:
        return f"This is approval {given} of {needed} for {what}. Nothing is sent yet."
    return (
        f"This is the last approval ({given} of {needed}): the next run sends {what}. "
        "Nothing is posted now; the ledger posts when the rail has paid."
    )


def approve_run(payout: Payout, by: Any, reason: str) -> str:
    done = payouts.approve_payout(payout_id=payout.pk, by=by, reason=reason, now=timezone.now())
    if done.status == Status.APPROVED:
        return f"Approved. {money_text(payout.amount)} leaves with the next run."
    return "Approved by you. A second member of staff must approve it before it is sent."


def reject_refusal(payout: Payout, by: Any) -> str:
    if payout.status not in (*WAITING, Status.APPROVED):
        return f"it is {payout.get_status_display().lower()} and can no longer be stopped."
    return "the money would go to you." if payout.creator.user_id == by.pk else ""


def reject_preview(payout: Payout, _by: Any) -> str:
    return (
        f"Returns {money_text(payout.amount)} to {payout.creator} and posts 2 lines: "
        "debit payouts in transit, credit the creator's earnings."
    )


def reject_run(payout: Payout, by: Any, reason: str) -> str:
    payouts.reject_payout(payout_id=payout.pk, by=by, reason=reason, now=timezone.now())
    return f"Rejected. {money_text(payout.amount)} is the creator's again."


APPROVE = Verb(
    name="approve",
    label="Approve",
    permission="payouts.approve_payout",
    preview=approve_preview,
    refusal=approve_refusal,
    run=approve_run,
    help="Two different members of staff must agree, and never the one who is paid.",
)
REJECT = Verb(
    name="reject",
    label="Reject",
    permission="payouts.reject_payout",
    preview=reject_preview,
    refusal=reject_refusal,
    run=reject_run,
    danger=True,
    icon="block",
    help="The money goes back to the creator's balance. The creator can ask again.",
)
