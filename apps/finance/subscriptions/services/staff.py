"""What staff do to fans' subscriptions: each with a reason, in its history and the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import State, What
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.rules.dunning import MOST_GRACE_DAYS
from apps.finance.subscriptions.selectors.queues import open_failures
from apps.finance.subscriptions.services.cancel import cancel
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.standing import give_access

REASON_LENGTH = 200


@atomic
def cancel_for(*, subscription_id: UUID, by: User, reason: str, now: datetime) -> Subscription:
    """
    Cancel on behalf of a fan: nothing is charged any more, what is paid stays open to its end.

    One that is cancelled, or has ended, stays as it is.

    :raises SubscriptionNotFound: there is none by this id
    :raises StaffNotAllowed: ``by`` may not cancel subscriptions of fans
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises WrongState: it is paid for life
    """
    row = _asked(subscription_id, by, "cancel_subscription", reason)
    if row.state == State.ENDED or row.cancel_at_end:
        return row
    done = cancel(subscription_id=subscription_id, fan=row.fan, reason=reason, now=now, by=by)
    _record(done, by=by, action="subscriptions.cancelled", reason=reason)
    return done


@atomic
def extend_grace(
    *, subscription_id: UUID, days: int, by: User, reason: str, now: datetime
) -> Subscription:
    """
    Let access go on for so many days from now while a charge is past due, and where no try is
    left let the end wait as long. Access that goes on longer already stays.

    :raises SubscriptionNotFound: there is none by this id
    :raises StaffNotAllowed: ``by`` may not have charges tried again
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises WrongState: it is not past due
    :raises GraceInvalid: not 1 to 60 days
    """
    row = _asked(subscription_id, by, "retry_subscription", reason)
    if not 1 <= days <= MOST_GRACE_DAYS:
        raise errors.GraceInvalid(most_days=MOST_GRACE_DAYS)
    subscription = locked(row.pk)
    if subscription.state != State.PAST_DUE:
        raise errors.WrongState(state=subscription.state, wanted=State.PAST_DUE.value)
    until = now + timedelta(days=days)
    before = subscription.access_until
    if before is None or before >= until:
        return subscription
    subscription.access_until = until
    last = DunningTry.objects.filter(subscription=subscription).order_by("-id").first()
    is_last_try = last is None or last.next_at is None
    if is_last_try and subscription.due_at is not None:
        subscription.due_at = max(subscription.due_at, until)
    give_access(subscription, now=now, why="Grace extended", by=by)
    note(
        subscription=subscription,
        what=What.NOTE,
        now=now,
        reason=reason.strip(),
        by=by,
        facts={"access_until": f"{until:%Y-%m-%d %H:%M}", "was": f"{before:%Y-%m-%d %H:%M}"},
    )
    _record(
        subscription,
        by=by,
        action="subscriptions.grace_extended",
        reason=reason,
        facts={"days": days, "until": until.isoformat(), "was": before.isoformat()},
    )
    return subscription


@atomic
def bill_again(*, subscription_id: UUID, by: User, reason: str, now: datetime) -> Subscription:
    """
    Have the next run, in seconds, take what is left alone as it could not be billed for a reason
    of ours.

    :raises SubscriptionNotFound: there is none by this id
    :raises StaffNotAllowed: ``by`` may not have charges tried again
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises WrongState: it is not left alone
    """
    row = _asked(subscription_id, by, "retry_subscription", reason)
    subscription = locked(row.pk)
    if not open_failures().filter(subscription=subscription).exists():
        raise errors.WrongState(state=subscription.state, why="not left alone")
    subscription.due_at = now
    note(subscription=subscription, what=What.NOTE, now=now, reason=reason.strip(), by=by)
    _record(subscription, by=by, action="subscriptions.billed_again", reason=reason)
    return subscription


@atomic
def write_note(*, subscription_id: UUID, by: User, reason: str, now: datetime) -> Subscription:
    """
    Write a line into its history; nothing else changes.

    :raises SubscriptionNotFound: there is none by this id
    :raises StaffNotAllowed: ``by`` lacks subscriptions.note_subscription
    :raises ReasonMissing: it is empty, or longer than 200 characters
    """
    row = _asked(subscription_id, by, "note_subscription", reason)
    subscription = locked(row.pk)
    note(subscription=subscription, what=What.NOTE, now=now, reason=reason.strip(), by=by)
    _record(subscription, by=by, action="subscriptions.noted", reason=reason)
    return subscription


def _asked(subscription_id: UUID, by: User, permission: str, reason: str) -> Subscription:
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise errors.ReasonMissing()
    if not (by.is_staff and by.has_perm(f"subscriptions.{permission}")):
        raise errors.StaffNotAllowed()
    found = Subscription.objects.select_related("fan").filter(public_id=subscription_id).first()
    if found is None:
        raise errors.SubscriptionNotFound()
    return found


@joins_transaction
def _record(
    subscription: Subscription,
    *,
    by: User,
    action: str,
    reason: str,
    facts: dict[str, str | int] | None = None,
) -> None:
    audit.record(
        by=by,
        action=action,
        subject=subscription,
        reason=reason.strip(),
        facts=facts or {},
        cluster=subscription.cluster,
    )
