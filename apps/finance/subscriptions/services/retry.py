"""Try a failed charge again before its day: asked for, or because something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import Bigints, joins_transaction, prepared_rows
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors import dues
from apps.finance.subscriptions.services.move import locked, note

# What was the last try is so no more: the schedule goes on from where it was.
_AGAIN = """
WITH t AS (
    UPDATE subscriptions_dunningtry d SET next_at = n.now
      FROM (SELECT %s::text::timestamptz AS now) n
     WHERE d.id IN (SELECT max(id) FROM subscriptions_dunningtry
                     WHERE subscription_id = ANY(%s::bigint[]) GROUP BY subscription_id)
    RETURNING d.id
), s AS (
    UPDATE subscriptions_subscription s SET due_at = n.now, held_why = ''
      FROM (SELECT %s::text::timestamptz AS now) n
     WHERE s.id = ANY(%s::bigint[])
    RETURNING s.id
)
SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s)
"""


@atomic
def retry_now(
    *,
    subscription_id: UUID,
    now: datetime,
    reason: str = "",
    by: User | None = None,
    fan: Profile | None = None,
    total_seen: Money | None = None,
) -> Subscription:
    """
    Have a failed charge tried at once; the next tick does so.

    Either staff ask, with a reason, or its fan. What was held back as a notice did not arrive is
    held no more. While a charge is under way nothing changes. ``total_seen`` is what its fan was
    shown as charged now.

    :raises SubscriptionNotFound: there is none by this id, or it is not this fan's
    :raises StaffNotAllowed: ``by`` may not have charges tried again
    :raises ReasonMissing: staff give no reason
    :raises WrongState: nothing is past due, or it is cancelled; or the fan must confirm the
        payment or pay another way, as the same way is of no use
    :raises PriceMoved and more: see ``selectors.dues.check_seen``
    """
    subscription = _locked_of(subscription_id, fan)
    if fan is None:
        _check_staff(by, reason)
    elif subscription.state == State.PAST_DUE:
        dues.check_may_retry(subscription, now=now)
        dues.check_seen(subscription, total_seen, now=now)
    held = bool(subscription.held_why) and subscription.state in {State.TRIALING, State.ACTIVE}
    if subscription.cancel_at_end or not (subscription.state == State.PAST_DUE or held):
        raise errors.WrongState(state=subscription.state)
    actor = fan.user if fan is not None else by
    if held:
        subscription.held_why = ""
    elif subscription.claimed_until is None or subscription.claimed_until <= now:
        try_again([subscription.pk], now=now)
        subscription.refresh_from_db(fields=["due_at", "held_why"])
    said = reason.strip()[:200] or "Asked to be tried again"
    note(subscription=subscription, what=What.NOTE, now=now, by=actor, reason=said)
    if fan is None:
        audit.record(by=by, action="subscriptions.retried", subject=subscription,
                     reason=reason.strip(), cluster=subscription.cluster)  # fmt: skip
    return subscription


@joins_transaction
def _locked_of(subscription_id: UUID, fan: Profile | None) -> Subscription:
    owned = Q(public_id=subscription_id) & (Q(fan=fan) if fan is not None else Q())
    pk = Subscription.objects.filter(owned).values_list("pk", flat=True).first()
    if pk is None:
        raise errors.SubscriptionNotFound()
    return locked(pk)


def _check_staff(by: User | None, reason: str) -> None:
    if by is None or not by.has_perm("subscriptions.retry_subscription"):
        raise errors.StaffNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()


@joins_transaction
def try_again(ids: Sequence[int], *, now: datetime) -> int:
    """Make locked ones that are past due, due now: the next tick is seconds away; return how
    many."""
    if not ids:
        return 0
    wanted, moment = Bigints(ids), now.isoformat()
    [(_, count)] = prepared_rows(_AGAIN, [moment, wanted, moment, wanted])
    return int(count)


@joins_transaction
def wallet_filled(*, fan_id: int, now: datetime) -> int:
    """Try again at once what this fan's wallet could not pay; return how many."""
    return _retry(Q(fan_id=fan_id, renews_by=RenewsBy.WALLET), now)


@joins_transaction
def means_refreshed(*, fan_id: int, now: datetime) -> int:
    """Try again at once what a means of this fan could not pay that has news: replaced, a later
    end. What card networks forbid is still not tried."""
    return _retry(Q(fan_id=fan_id, renews_by=RenewsBy.MEANS), now)


@joins_transaction
def _retry(whose: Q, now: datetime) -> int:
    past_due = Subscription.objects.filter(
        whose, Q(claimed_until__isnull=True) | Q(claimed_until__lte=now),
        state=State.PAST_DUE, cancel_at_end=False, held_why="",
    )  # fmt: skip
    ids = list(
        past_due.select_for_update(of=("self",)).order_by("id").values_list("pk", flat=True)
    )
    return try_again(ids, now=now)
