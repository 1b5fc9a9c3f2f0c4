"""A payout is called off before it is sent, and the money goes back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.payouts import errors
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from apps.payouts.services.moves import check_reason, check_staff, locked, move


@transaction.atomic
def reject_payout(*, payout_id: int, by: User, reason: str, now: datetime) -> Payout:
    """
    Staff say no; the amount is the creator's again.

    :raises ReasonMissing: no reason given
    :raises PayoutNotFound: there is none
    :raises StaffOnly: ``by`` is not staff
    :raises NotPermitted: the roles of ``by`` do not include it
    :raises OwnPayout: the money would go to ``by``
    :raises WrongState: it is being sent, or over
    """
    check_reason(reason)
    payout = locked(payout_id)
    check_staff(payout, by, permission="payouts.reject_payout")
    move(payout, Status.REJECTED, now=now, by=by, note=reason)
    audit.record(
        by=by, action="payouts.rejected", subject=payout, reason=reason, cluster=payout.cluster
    )
    return payout


@transaction.atomic
def cancel_payout(*, payout_id: int, creator: Profile, now: datetime) -> Payout:
    """
    The creator thinks better of it before it is sent; again, it changes nothing.

    :raises PayoutNotFound: this person has no such payout on this brand
    :raises WrongState: it is being sent, or over
    """
    payout = locked(payout_id)
    if payout.creator_id != creator.pk:
        raise errors.PayoutNotFound(payout_id=payout_id)
    if payout.status == Status.CANCELLED:
        return payout
    if payout.resends:
        # A call was made whose answer never came. Very likely unpaid: not for the payee to bet on.
        raise errors.WrongState(status=payout.status, wanted=Status.CANCELLED)
    move(payout, Status.CANCELLED, now=now, by=creator.user)
    audit.record(
        by=creator.user, action="payouts.cancelled", subject=payout, cluster=payout.cluster
    )
    return payout
