"""Renewals that a gateway charges by itself: booked by its news; access follows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.rules.declines import retry_class
from apps.finance.payments.selectors.renewals import asked_to_renew, renewals_of
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import LIVE, DeclineClass, RenewsBy, State, What
from apps.finance.subscriptions.models import DunningTry, Subscription
from apps.finance.subscriptions.rules.cycle import Term
from apps.finance.subscriptions.rules.periods import days_of
from apps.finance.subscriptions.services.charges import charges_of
from apps.finance.subscriptions.services.claims import GATEWAYS, Due, claim, lock
from apps.finance.subscriptions.services.dunning import SILENT, Failure, record_failures
from apps.finance.subscriptions.services.ends import GATEWAY_STOPPED, Ending, end_many
from apps.finance.subscriptions.services.first_payment import give_back
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed
from apps.finance.subscriptions.services.runs import Billed
from apps.finance.subscriptions.services.stops import give_up, record_stop, want_stop

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

log = structlog.get_logger(__name__)


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
    Book what a gateway charged by itself, and begin the period it paid for: access follows what
    the gateway charges. Told again, nothing changes.

    What it charged after a cancellation, after the end, where it had agreed to stop or was never
    asked is booked and given back, and the gateway is told once more to stop. What it charged
    twice is given back.

    :raises SubscriptionNotFound: no subscription began with that sale, or the sum is not told:
        the news stays with the outbox, for people
    """
    found = _of(news.first)
    if found is None or news.amount is None:
        raise errors.SubscriptionNotFound(transaction=news.first, key=news.key)
    subscription = locked(found.pk)
    if any(paid.idempotency_key == f"renewal:{news.key}" for paid in renewals_of(news.first)):
        return
    number = subscription.period_number + 1
    paid = payments.book_gateway_renewal(
        first=news.first,
        key=news.key,
        amount=news.amount,
        reference=news.reference,
        gateway_transaction=news.gateway_transaction,
        subject=f"subscription:{subscription.pk}:period:{number}",
        now=now,
    )
    charged_at = min(news.occurred_at, now)
    due = lock(subscription.pk)
    if due is not None and due.gone:
        end_many([Ending(due, due.gone)], now=now)
        subscription.refresh_from_db()
        due = None
    if due is None or not _may_charge(subscription):
        want_stop(subscription, now=now)
        _undo(subscription, paid, now=now)
    elif _is_early(subscription, charged_at):
        _undo(subscription, paid, now=now)
    else:
        _begin(subscription, due, paid, charged_at, now=now)


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
    """
    The gateway charges no more: what is paid is used up, then it ends. Where the fan pays another
    way since, that is what was wanted, and it goes on.
    """
    found = _of(news.first)
    if found is None:
        return
    subscription = locked(found.pk)
    record_stop(subscription, now=now)
    if (
        subscription.state not in LIVE
        or subscription.cancel_at_end
        or subscription.renews_by != RenewsBy.GATEWAY
    ):
        return
    facts = {"gateway": news.gateway, "reason": news.reason[:100]}
    give_up(subscription, why=GATEWAY_STOPPED, facts=facts, now=now)


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
    gone = [Ending(due, due.gone) for due in dues if due.gone]
    end_many(gone, now=now)
    dues = [due for due in dues if not due.gone]
    if not dues:
        return Billed(ended=len(gone))
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
    return Billed(declined=recorded.declined, ended=recorded.ended + len(gone))


@joins_transaction
def _begin(
    subscription: Subscription,
    due: Due,
    paid: Transaction,
    charged_at: datetime,
    *,
    now: datetime,
) -> None:
    """
    Begin the period a gateway charged for, counted in its days from the moment it charged.

    Gateways that renew count days, our months are longer: counted from our own calendar, what is
    paid would end a little later than each charge, and charges would seem to come early at last.
    It begins where what was paid ends, so it is a little shorter or longer than those days. From
    its end on the next are counted, also where the fan pays another way then.
    """
    begins = max(due.until, charged_at)
    ends = charged_at + timedelta(days=days_of(due.months))
    _compare(subscription, paid, now=now)
    [charge] = charges_of([due], now=now)
    charge = replace(charge, term=Term(due.number + 1, begins, ends), amount=paid.price)
    write_renewed([Renewed(charge, paid.pk, paid.amount)], now=now)
    Subscription.objects.filter(pk=due.pk).update(anchored_at=ends, anchored_number=due.number + 2)


@joins_transaction
def _compare(subscription: Subscription, paid: Transaction, *, now: datetime) -> None:
    """Whatever it charged pays the period; where that is not what it was asked to, people look."""
    asked = asked_to_renew(subscription.first_transaction_id or 0)
    if asked is None or asked == paid.amount:
        return
    pk = subscription.pk
    log.error("billing.charged_otherwise_by_gateway", subscription=pk, transaction=paid.pk)
    note(
        subscription=subscription,
        what=What.NOTE,
        now=now,
        reason="The gateway charged another amount than was agreed",
        facts={"charged": str(paid.amount), "agreed": str(asked)},
    )


@joins_transaction
def _undo(subscription: Subscription, paid: Transaction, *, now: datetime) -> None:
    """It is not to be charged, or not yet: the money goes back."""
    log.error(
        "billing.charged_by_gateway_after_end", subscription=subscription.pk, transaction=paid.pk
    )
    give_back(subscription, paid, why="Charged by the gateway after it was over", now=now)


def _may_charge(subscription: Subscription) -> bool:
    """It renews, or has not agreed yet to stop as the fan pays another way."""
    if subscription.cancel_at_end or subscription.state == State.PAUSED:
        return False
    return subscription.renews_by == RenewsBy.GATEWAY or subscription.stop_due_at is not None


def _is_early(subscription: Subscription, charged_at: datetime) -> bool:
    """A second charge for days that are paid: more than half of a period is still to come."""
    begins, ends = subscription.current_from, subscription.current_until
    if begins is None or ends is None:
        return False
    period = min(ends - begins, timedelta(days=days_of(subscription.months)))
    return ends - charged_at > period / 2


def _of(first: int) -> Subscription | None:
    return Subscription.objects.filter(first_transaction_id=first).order_by("-id").first()
