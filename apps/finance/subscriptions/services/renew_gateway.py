"""Renewals that a gateway charges by itself: booked by its news, stopped when they must stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db.models import Q
from django.db.transaction import atomic

from apps.core.db import joins_transaction, outside_transaction
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.rules.declines import retry_class
from apps.finance.payments.selectors.renewals import renewals_of
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, DeclineClass, RenewsBy, State, What
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.services.charges import Charge, charges_of
from apps.finance.subscriptions.services.claims import GATEWAYS, Due, claim, lock
from apps.finance.subscriptions.services.dunning import Failure, record_failures
from apps.finance.subscriptions.services.ends import GATEWAY_STOPPED
from apps.finance.subscriptions.services.first_payment import give_back
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed
from apps.finance.subscriptions.services.runs import Billed
from apps.finance.subscriptions.services.standing import settle

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

log = structlog.get_logger(__name__)

SILENT = "gateway_silent"
#: So many gateways are asked to stop in one tick, one after the other.
STOPS = 50
#: Named in the log until it is done: a person may have to do it in the gateway's console.
STOP_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class News:
    """What a gateway tells of a renewal; ``key`` names the news for ever."""

    key: str
    gateway: str
    first: int
    reference: str
    gateway_transaction: str
    amount: Money | None
    occurred_at: datetime
    reason: str


@joins_transaction
def record_renewal(news: News, *, now: datetime) -> None:
    """
    Book what a gateway charged by itself, and begin the period it paid for. Told again, nothing
    changes.

    What it charged after a cancellation, after the end, or twice is booked and given back, and
    the gateway is told once more to stop.

    :raises SubscriptionNotFound: no subscription began with that sale, or the sum is not told:
        the news stays with the outbox, for people
    """
    found = _of(news.first)
    if found is None or news.amount is None:
        raise errors.SubscriptionNotFound(transaction=news.first, key=news.key)
    due = lock(found.pk)
    number = (due.number if due else found.period_number) + 1
    if any(paid.idempotency_key == f"renewal:{news.key}" for paid in renewals_of(news.first)):
        return
    paid = payments.book_gateway_renewal(
        first=news.first,
        key=news.key,
        amount=news.amount,
        reference=news.reference,
        gateway_transaction=news.gateway_transaction,
        subject=f"subscription:{found.pk}:period:{number}",
        now=now,
    )
    if due is None or due.cancelled or _is_early(due, news.occurred_at):
        _undo(found.pk, paid, due, now=now)
        return
    [charge] = charges_of([due], now=now)
    write_renewed([Renewed(_as_charged(charge, paid), paid.pk, paid.amount)], now=now)


@joins_transaction
def record_renewal_failure(news: News, *, now: datetime) -> None:
    """The gateway could not charge: past due, told to the fan. It tries again by itself."""
    found = _of(news.first)
    due = lock(found.pk) if found is not None else None
    if due is None or due.cancelled or due.renews_by != RenewsBy.GATEWAY:
        return
    code = news.reason[:60] or "declined"
    known = DunningTry.objects.filter(
        subscription_id=due.pk, period_number=due.number + 1, at=now, code=code
    )
    if known.exists() or due.until > now + timedelta(days=1):
        return
    decline = DeclineClass[retry_class(news.gateway, code).name]
    [charge] = charges_of([due], now=now)
    record_failures([Failure(charge, decline, code, news.reason)], now=now)


@joins_transaction
def record_renewals_end(news: News, *, now: datetime) -> None:
    """The gateway charges no more: what is paid is used up, then it ends."""
    found = _of(news.first)
    if found is None or found.state == State.ENDED:
        return
    subscription = locked(found.pk)
    subscription.renewal_stopped_at = subscription.renewal_stopped_at or now
    if subscription.state not in LIVE or subscription.cancel_at_end:
        subscription.save(update_fields=["renewal_stopped_at"])
        return
    subscription.cancel_at_end, subscription.cancelled_at = True, now
    subscription.cancel_reason = GATEWAY_STOPPED
    if subscription.state == State.PAST_DUE:
        subscription.due_at = now
    else:
        settle(subscription, now=now, why=GATEWAY_STOPPED)
    note(subscription=subscription, what=What.CANCELLED, now=now, reason=GATEWAY_STOPPED,
         facts={"gateway": news.gateway, "reason": news.reason[:100]})  # fmt: skip


@joins_transaction
def miss_renewals(
    *, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None = None
) -> Billed:
    """
    A gateway that renews has told nothing for three days: past due, and asked about by people.

    Its news may still come and heals it. Without it the subscription ends by the schedule.
    """
    dues = claim(GATEWAYS, now=now, limit=limit, among=among)
    claimed.extend(due.pk for due in dues)
    if not dues:
        return Billed()
    for due in dues:
        log.error("billing.gateway_silent", subscription=due.pk, tries=due.tries)
    charges = charges_of(dues, now=now)
    recorded = record_failures(
        [
            Failure(charge, DeclineClass.LATER, SILENT, "The gateway has not told of the charge.")
            for charge in charges
        ],
        now=now,
    )
    return Billed(declined=recorded.declined, ended=recorded.ended)


@outside_transaction
def stop_gateways(*, now: datetime, limit: int = STOPS) -> int:
    """
    Have gateways charge no more for what was cancelled or has ended; return how many agreed.

    Repeated at every tick until the gateway has agreed; after a day each is an error in the log.
    """
    waiting = (
        Subscription.objects.filter(
            Q(cancel_at_end=True) | Q(state=State.ENDED),
            renews_by=RenewsBy.GATEWAY,
            renewal_stopped_at__isnull=True,
            first_transaction__isnull=False,
        )
        .order_by("id")
        .values_list("pk", "first_transaction_id", "cancelled_at", "ended_at")[:limit]
    )
    stopped = 0
    for pk, first, cancelled_at, ended_at in waiting:
        if payments.stop_gateway_renewals(transaction_id=first, now=now):
            stopped += _record_stop(pk, now=now)
        elif now - (cancelled_at or ended_at or now) > STOP_WITHIN:
            log.error("billing.renewals_not_stopped", subscription=pk, transaction=first)
    return stopped


@atomic
def _record_stop(pk: int, *, now: datetime) -> int:
    return Subscription.objects.filter(pk=pk, renewal_stopped_at__isnull=True).update(
        renewal_stopped_at=now
    )


@joins_transaction
def _undo(pk: int, paid: Transaction, due: Due | None, *, now: datetime) -> None:
    """It is not to be charged, or not yet: the money goes back, and the gateway is told again."""
    log.error("billing.charged_by_gateway_after_end", subscription=pk, transaction=paid.pk)
    subscription = locked(pk)
    if due is None or due.cancelled:
        subscription.renewal_stopped_at = None
        subscription.save(update_fields=["renewal_stopped_at"])
    give_back(subscription, paid, why="Charged by the gateway after it was over", now=now)


def _is_early(due: Due, occurred_at: datetime) -> bool:
    """A second charge for the days that are paid; gateways count days, so a week is near."""
    return due.until - occurred_at > timedelta(days=7)


def _as_charged(charge: Charge, paid: Transaction) -> Charge:
    """The gateway charged what it was asked to at the beginning: that is what the period cost."""
    return replace(charge, amount=paid.price)


def _of(first: int) -> Subscription | None:
    return Subscription.objects.filter(first_transaction_id=first).order_by("-id").first()
