"""Staff let a payout go: two different people, never the payee."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.payouts import errors, rules
from apps.payouts.choices import Status
from apps.payouts.models import Payout, PayoutApproval
from apps.payouts.services.moves import NOTE_LENGTH, check_staff, locked, move


@transaction.atomic
def approve_payout(*, payout_id: int, by: User, reason: str = "", now: datetime) -> Payout:
    """
    OUT-5: give one person's approval; the last one needed lets the next run send it.

    settings.PAYOUT_FOUR_EYES_FROM says from which amount two people are needed.

    :raises PayoutNotFound: there is none
    :raises StaffOnly: ``by`` is not staff
    :raises NotPermitted: the roles of ``by`` do not include it
    :raises OwnPayout: the money would go to ``by``
    :raises WrongState: it is not waiting for approval
    :raises AlreadyApproved: ``by`` has approved it before
    :raises MethodInactive: the creator has switched the method off since
    """
    payout = locked(payout_id)
    check_staff(payout, by, permission="payouts.approve_payout")
    if payout.status == Status.APPROVED:
        raise errors.WrongState(status=payout.status, wanted=Status.APPROVED)
    rules.check_move(current=payout.status, target=Status.APPROVED)
    if PayoutApproval.objects.filter(payout=payout, by=by).exists():
        raise errors.AlreadyApproved()
    if not payout.method.is_active:
        raise errors.MethodInactive()

    PayoutApproval.objects.create(payout=payout, by=by, at=now, reason=reason[:NOTE_LENGTH])
    given = PayoutApproval.objects.filter(payout=payout).count()
    needed = rules.approvals_needed(
        amount=payout.amount, four_eyes_from=Decimal(settings.PAYOUT_FOUR_EYES_FROM)
    )
    if given >= needed:
        payout.approved_at = now
        move(payout, Status.APPROVED, now=now, by=by, note=reason, due=now)
    else:
        move(payout, Status.IN_REVIEW, now=now, by=by, note=reason)
    audit.record(
        by=by,
        action="payouts.approved",
        subject=payout,
        reason=reason,
        facts={"approvals": given, "needed": needed},
        cluster=payout.cluster,
    )
    return payout
