"""Gateways that renew by themselves are told to charge no more, until each has agreed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.db.transaction import atomic

from apps.accounts.models import User
from apps.core.db import joins_transaction, outside_transaction
from apps.finance.payments import services as payments
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.periods import GATEWAY_WAITS
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.end import AHEAD
from apps.finance.subscriptions.services.ends import GIVEN_UP
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.retry import try_again
from apps.finance.subscriptions.services.standing import settle
from apps.notifications import services as notifications

log = structlog.get_logger(__name__)

#: So many gateways are asked to stop in one tick, one after the other.
STOPS = 50
#: One that did not agree is asked again then, after all others that wait.
ASK_AGAIN = timedelta(minutes=10)
#: Named in the log until it is done: a person may have to do it in the gateway's console.
STOP_WITHIN = timedelta(hours=24)


@joins_transaction
def want_stop(subscription: Subscription, *, now: datetime) -> None:
    """
    Have the gateway of its first sale charge no more, whoever renews the subscription now.

    The caller holds its lock. An agreement that did not hold counts no more.
    """
    if subscription.first_transaction_id is not None:
        subscription.stop_due_at, subscription.renewal_stopped_at = now, None
        subscription.save(update_fields=["stop_due_at", "renewal_stopped_at"])


@outside_transaction
def stop_gateways(*, now: datetime, limit: int = STOPS, among: Sequence[int] | None = None) -> int:
    """
    Have gateways charge no more for what was cancelled, has ended or is paid another way; return
    how many agreed.

    Who does not agree is asked again in ten minutes, behind those who were not asked yet; after a
    day each is an error in the log. Two at once share the work; what one that is killed had taken
    waits those ten minutes.
    """
    stopped = 0
    for pk, first, since in _claimed(now=now, limit=limit, among=among):
        if payments.stop_gateway_renewals(transaction_id=first, now=now):
            stopped += _agreed(pk, now=now)
        elif now - (since or now) > STOP_WITHIN:
            log.error("billing.renewals_not_stopped", subscription=pk, transaction=first)
    return stopped


@atomic
def _claimed(
    *, now: datetime, limit: int, among: Sequence[int] | None
) -> list[tuple[int, int, datetime | None]]:
    """Take those whose turn it is: last in the queue again, unless their gateway agrees."""
    Subscription.objects.filter(
        Q(cancel_at_end=True) | Q(state=State.ENDED),
        renews_by=RenewsBy.GATEWAY,
        renewal_stopped_at__isnull=True,
        stop_due_at__isnull=True,
        first_transaction__isnull=False,
    ).update(stop_due_at=now)
    waiting = Subscription.objects.filter(stop_due_at__lte=now)
    if among is not None:
        waiting = waiting.filter(pk__in=among)
    taken = [
        (pk, first, since)
        for pk, first, since in waiting.select_for_update(skip_locked=True, of=("self",))
        .order_by("stop_due_at", "id")
        .values_list(
            "pk",
            "first_transaction_id",
            Coalesce("cancelled_at", "ended_at", "current_until"),
        )[:limit]
        if first is not None
    ]
    Subscription.objects.filter(pk__in=[pk for pk, _, _ in taken]).update(
        stop_due_at=now + ASK_AGAIN
    )
    return taken


@atomic
def _agreed(pk: int, *, now: datetime) -> int:
    subscription = locked(pk)
    if subscription.stop_due_at is None:
        return 0
    record_stop(subscription, now=now)
    return 1


@joins_transaction
def record_stop(subscription: Subscription, *, now: datetime) -> None:
    """The gateway of a locked one charges no more; where the fan pays another way now, we do."""
    subscription.renewal_stopped_at = subscription.renewal_stopped_at or now
    waited = subscription.stop_due_at is not None
    subscription.stop_due_at = None
    if waited and subscription.renews_by in {RenewsBy.WALLET, RenewsBy.MEANS}:
        charge_from_now_on(subscription, now=now)
    subscription.save()


@joins_transaction
def give_up(subscription: Subscription, *, why: str, facts: dict[str, str], now: datetime) -> None:
    """
    Cancel a locked one that its gateway renewed, as it can or may be charged that way no more:
    what is paid is used up, and its fan is told at once how to go on (``change_means``).
    """
    subscription.cancel_at_end, subscription.cancelled_at = True, now
    subscription.cancel_reason = why
    if subscription.state == State.PAST_DUE:
        subscription.due_at = now
    else:
        settle(subscription, now=now, why=why)
    note(subscription=subscription, what=What.CANCELLED, now=now, reason=why, facts=facts)
    notifications.withdraw(subject_ref=subscription.source, kinds=AHEAD, now=now)
    if subscription.state != State.PAST_DUE:
        until = tell.day_of(subscription, subscription.access_until)
        tell.mail(
            subscription,
            "stopping",
            key=now.isoformat(),
            now=now,
            reason=GIVEN_UP[why],
            access_until=until,
        )
    tell.changed(subscription, What.CANCELLED)


@joins_transaction
def charge_from_now_on(
    subscription: Subscription, *, now: datetime, by: User | None = None
) -> None:
    """
    Have the wallet or a stored means of a locked one charged when it is due: at once where it is
    past due. While a gateway has not agreed to stop, it goes first: its days of waiting.
    """
    if subscription.state in {State.TRIALING, State.ACTIVE}:
        settle(subscription, now=now, by=by)
    elif subscription.state == State.PAST_DUE and subscription.stop_due_at is not None:
        subscription.due_at = now + GATEWAY_WAITS
    elif subscription.state == State.PAST_DUE:
        subscription.due_at, subscription.held_why = now, ""
        try_again([subscription.pk], now=now)
