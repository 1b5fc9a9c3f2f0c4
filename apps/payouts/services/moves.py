"""The one place where a payout changes its state, with the money that goes with it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from apps.accounts.models import User
from apps.core import events
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.payouts import choices, errors, rules
from apps.payouts.choices import Status
from apps.payouts.events import PayoutFailed, PayoutPaid
from apps.payouts.models import Payout, PayoutEvent, PayoutMethod

if TYPE_CHECKING:
    from apps.payouts.adapters import Paid

NOTE_LENGTH = 255


@joins_transaction
def locked(payout_id: int) -> Payout:
    """
    Return the payout, locked until the caller's transaction ends.

    :raises PayoutNotFound: there is none
    """
    payout = Payout.objects.select_for_update().filter(pk=payout_id).first()
    if payout is None:
        raise errors.PayoutNotFound(payout_id=payout_id)
    return payout


@joins_transaction
def move(
    payout: Payout,
    target: str,
    *,
    now: datetime,
    by: User | None = None,
    code: str = "",
    note: str = "",
    due: datetime | None = None,
) -> None:
    """
    Take a locked payout to ``target``, give the money back where that ends it, and note it.

    Fields that mean something in one state only are set on entering it and cleared on
    leaving, so the rows meet the constraints. ``due`` is when a waiting state is looked at.

    :raises WrongState: ``target`` may not follow
    """
    rules.check_move(current=payout.status, target=target)
    payout.status = target
    payout.needs_attention = False
    payout.claimed_until = None
    payout.handed_over_at = None
    payout.proposed_by, payout.proposal = None, {}
    payout.next_attempt_at = due
    payout.unknown_since = now if target == Status.UNKNOWN else None
    if target == Status.SENDING:
        payout.claimed_until = now + rules.LEASE
        payout.attempts += 1
    if target == Status.UNKNOWN:
        payout.looks = payout.misses = 0
    payout.failure_code = code
    payout.failure_message = note[:NOTE_LENGTH] if code else ""
    if target in choices.GIVEN_BACK:
        _give_back(payout, now=now)
    payout.save()
    record_event(payout, now=now, by=by, code=code, note=note)


@joins_transaction
def record_event(
    payout: Payout, *, now: datetime, by: User | None = None, code: str = "", note: str = ""
) -> None:
    """Add a line to the payout's history."""
    PayoutEvent.objects.create(
        payout=payout,
        at=now,
        status=payout.status,
        by=by,
        attempt=payout.attempts,
        code=code,
        note=note[:NOTE_LENGTH],
    )


@joins_transaction
def record_paid(
    payout: Payout, paid: Paid, *, now: datetime, by: User | None = None, note: str = ""
) -> None:
    """Close a payout that the rail paid: its proof, the ledger, the event."""
    payout.paid_at = now
    payout.rail_transaction_id = paid.transaction_id
    payout.rail_fee_minor = paid.fee.minor
    move(payout, Status.PAID, now=now, by=by, note=note)
    ledger.post(
        postings.payout_settled(
            payout_id=payout.pk,
            rail=payout.rail,
            amount=payout.amount,
            rail_fee=Money(paid.fee.minor, payout.currency),
            cluster=payout.cluster.slug,
        ),
        now=now,
    )
    events.publish(PayoutPaid(payout_id=payout.pk, creator_id=payout.creator_id))


@joins_transaction
def record_failed(
    payout: Payout, *, code: str, message: str, now: datetime, by: User | None = None
) -> None:
    """Close a payout that the rail will not pay; ``move`` gives the money back."""
    move(payout, Status.FAILED, now=now, by=by, code=code, note=message)
    events.publish(
        PayoutFailed(payout_id=payout.pk, creator_id=payout.creator_id, failure_code=code)
    )


@joins_transaction
def call_a_person(payout: Payout, *, code: str, note: str, now: datetime) -> None:
    """Let no machine touch it until a person has: docs/runbooks/payout-unknown.md."""
    payout.needs_attention = True
    payout.failure_code = code
    payout.failure_message = note[:NOTE_LENGTH]
    payout.save()
    record_event(payout, now=now, code=code, note=note)


@joins_transaction
def check_staff(payout: Payout, by: User, *, permission: str) -> None:
    """
    :raises StaffOnly: ``by`` is not an active member of staff
    :raises NotPermitted: the roles of ``by`` do not include the ``permission``
    :raises OwnPayout: the money would go to ``by``: as this profile, as another profile of
        the same person, or into an account that one of these uses
    """
    if not (by.is_staff and by.is_active):
        raise errors.StaffOnly()
    if not by.has_perm(permission):
        raise errors.NotPermitted(permission=permission)
    own_account = PayoutMethod.objects.filter(
        profile__user=by, fingerprint=payout.method.fingerprint
    ).exists()
    same_mail = payout.destination["email"] == by.email.lower()
    if payout.creator.user_id == by.pk or own_account or same_mail:
        raise errors.OwnPayout(payout=payout.rail_reference)


def check_reason(reason: str) -> None:
    """
    :raises ReasonMissing: it is blank
    """
    if not reason.strip():
        raise errors.ReasonMissing()


def _give_back(payout: Payout, *, now: datetime) -> None:
    ledger.post(
        postings.payout_released(
            payout_id=payout.pk,
            creator_id=payout.creator_id,
            amount=payout.amount,
            cluster=payout.cluster.slug,
        ),
        now=now,
    )
