"""The first payment of a subscription by card: it came, it failed, it came too late or twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import F
from django.db.transaction import atomic

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.finance.payments.choices import PAID, Status
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.selectors.paid import is_chargeable, means_kept_by, payment_by_id
from apps.finance.payments.selectors.renewals import Renewer, renewed_by
from apps.finance.payments.services.refunds import refund_for_nothing
from apps.finance.subscriptions.choices import (
    LIVE,
    EndReason,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Promotion, Redemption, Subscription, TrialUse
from apps.finance.subscriptions.services import activate
from apps.finance.subscriptions.services.end import end
from apps.finance.subscriptions.services.money_back import went_back
from apps.finance.subscriptions.services.move import locked, note, one_at_a_time
from apps.finance.subscriptions.services.promotions import release_redemption
from apps.finance.subscriptions.services.stops import want_stop
from apps.finance.subscriptions.services.trials import release_trial

if TYPE_CHECKING:
    from apps.finance.payments.models import Refund, Transaction

#: The money is on its way, or there: the subscription waits for the last word.
ON_ITS_WAY = frozenset({Status.PROCESSING, Status.AUTHORISED, Status.UNKNOWN}) | PAID
#: Then the word is waited for again.
ASK_AGAIN = timedelta(hours=1)


@joins_transaction
def first_payment_captured(*, transaction_id: int, subscription_id: int) -> None:
    """
    Let a subscription begin that its payer paid for, at the moment it was captured.

    Where nothing can begin by it any more (it was given up, or the fan subscribed to the creator
    another way meanwhile) all of it goes back; where it went back already, nothing begins. Told
    again, it changes nothing.
    """
    found = Subscription.objects.filter(pk=subscription_id).first()
    if found is None:
        return
    one_at_a_time(found.fan_id, found.creator_id)
    subscription = locked(subscription_id)
    period = subscription.periods.filter(number=1).first()
    paid = payment_by_id(transaction_id)
    if paid.captured_at is None or period is None or period.state == PeriodState.REFUNDED:
        return
    if period.state == PeriodState.PAID and period.transaction_id == paid.pk:
        return
    now = paid.captured_at
    if subscription.state != State.INCOMPLETE:
        give_back(subscription, paid, why="Paid for what was over", now=now)
        return
    if _other_counts(subscription):
        end(subscription, why=EndReason.INCOMPLETE, now=now, reason="Subscribed another way")
        give_up_claims(subscription, now=now)
        give_back(subscription, paid, why="Paid twice", now=now)
        return
    if (gone := went_back(paid)) is not None:
        end(subscription, why=gone, now=now, reason="Its payment went back before it began")
        give_up_claims(subscription, now=now)
        _stop_renewals(subscription, paid, now=now)
        return
    _renew_by(subscription, paid)
    subscription.first_transaction = paid
    activate.begin(subscription, period, now=now, paid=paid, by=None)
    if subscription.means is not None:
        _remember_card(subscription, subscription.means.fingerprint)


@joins_transaction
def first_payment_failed(*, transaction_id: int, subscription_id: int, now: datetime) -> None:
    """End what waited for a payment that was declined or given up; told again, nothing changes."""
    found = Subscription.objects.filter(
        pk=subscription_id, state=State.INCOMPLETE, first_transaction_id=transaction_id
    )
    if not found.exists():
        return
    subscription = locked(subscription_id)
    status = payment_by_id(transaction_id).status
    if subscription.state == State.INCOMPLETE and status not in ON_ITS_WAY:
        end(subscription, why=EndReason.INCOMPLETE, now=now, reason="Its payment failed")
        give_up_claims(subscription, now=now)


@joins_transaction
def give_up_pending(subscription: Subscription, *, now: datetime) -> None:
    """End a locked one that waits for its payment, as its fan subscribes anew."""
    end(subscription, why=EndReason.INCOMPLETE, now=now, reason="Begun anew")
    give_up_claims(subscription, now=now)


@joins_transaction
def give_up_claims(subscription: Subscription, *, now: datetime) -> None:
    """Its promotion and its trial may be had again: nothing was paid."""
    release_redemption(subscription=subscription, now=now)
    release_trial(subscription=subscription)


@joins_transaction
def give_back(subscription: Subscription, paid: Transaction, *, why: str, now: datetime) -> None:
    """Ask for all of a payment to go back that brought nothing, and write down if it does not, or
    only once staff let it. A gateway that was to renew it is told not to."""
    _stop_renewals(subscription, paid, now=now)
    refund = refund_for_nothing(
        transaction_id=paid.pk, reason=why, key=f"{subscription.source}:{paid.pk}", now=now
    )
    facts = {"transaction": str(paid.public_id), "refund": refund.pk if refund else 0}
    told = subscription.history.filter(what=What.NOTE, facts__transaction=facts["transaction"])
    if refund is not None or not told.exists():
        note(
            subscription=subscription,
            what=What.NOTE,
            now=now,
            reason=f"{why}: {_how_it_goes_back(refund)}",
            facts=facts,
        )


@joins_transaction
def _stop_renewals(subscription: Subscription, paid: Transaction, *, now: datetime) -> None:
    if renewed_by(paid.pk) is Renewer.GATEWAY:
        want_stop(subscription, now=now)


def _how_it_goes_back(refund: Refund | None) -> str:
    if refund is None:
        return "nothing of it is left to give back"
    return "staff must let it go back" if refund.state == RefundState.REQUESTED else "given back"


@joins_transaction
def _remember_card(subscription: Subscription, fingerprint: str) -> None:
    """A card that is typed in is known after the sale only: its next trial here is none."""
    use = TrialUse.objects.filter(subscription=subscription, fingerprint="")
    if not fingerprint:
        return
    try:
        with atomic():
            use.update(fingerprint=fingerprint)
    except IntegrityError:  # it had one already, for which this one was not free
        return


def _other_counts(subscription: Subscription) -> bool:
    return (
        Subscription.objects.filter(
            fan_id=subscription.fan_id,
            creator_id=subscription.creator_id,
            state__in=sorted(LIVE),
            price__isnull=False,
        )
        .exclude(pk=subscription.pk)
        .exists()
    )


def _renew_by(subscription: Subscription, paid: Transaction) -> None:
    """The gateway where it was asked to; else the card that was kept; else the wallet."""
    if renewed_by(paid.pk) is Renewer.GATEWAY:
        subscription.renews_by, subscription.means = RenewsBy.GATEWAY, None
        return
    kept = subscription.means or means_kept_by(paid)
    if kept is not None and is_chargeable(kept):
        subscription.renews_by, subscription.means = RenewsBy.MEANS, kept
        return
    subscription.renews_by, subscription.means = RenewsBy.WALLET, None


_EXPIRE = """
WITH asked AS MATERIALIZED (
    SELECT s.id, t.status FROM subscriptions_subscription s
    LEFT JOIN payments_transaction t ON t.id = s.first_transaction_id
    WHERE s.id = ANY(%s::bigint[]) AND s.state = 'INCOMPLETE'
), waits AS (
    UPDATE subscriptions_subscription s SET due_at = %s::text::timestamptz
    FROM asked
    WHERE asked.id = s.id AND s.state = 'INCOMPLETE' AND asked.status = ANY(%s::text[])
    RETURNING s.id
), ended AS (
    UPDATE subscriptions_subscription s
       SET state = 'ENDED', ended_at = n.now, end_reason = 'INCOMPLETE', due_at = NULL,
           remind_at = NULL, claimed_until = NULL
      FROM asked, (SELECT %s::text::timestamptz AS now) n
     WHERE asked.id = s.id AND s.state = 'INCOMPLETE'
       AND NOT coalesce(asked.status = ANY(%s::text[]), false)
    RETURNING s.id, s.plan_id, s.price_id, s.period_number, n.now
), unpaid AS (
    UPDATE subscriptions_period p SET state = 'UNPAID'
      FROM ended WHERE p.subscription_id = ended.id AND p.state = 'OPEN'
    RETURNING p.id
), written AS (
    INSERT INTO subscriptions_subscriptionevent
           (subscription_id, what, from_state, to_state, at, reason, facts, plan_id, price_id,
            period_number)
    SELECT id, 'ENDED', 'INCOMPLETE', 'ENDED', now, 'Never paid for',
           '{"why": "INCOMPLETE"}'::jsonb, plan_id, price_id, period_number
      FROM ended ORDER BY id
    RETURNING id
)
SELECT ended.id FROM ended
"""


@joins_transaction
def expire_incomplete(ids: Sequence[int], *, now: datetime) -> int:
    """
    End those of these locked subscriptions that nobody paid for in time; return how many.

    One statement whatever their number, and one for those that took a promotion. Whose money is
    on its way, or there with the news not heard yet, is asked about again in an hour.
    """
    waiting = Texts(sorted(status.value for status in ON_ITS_WAY))
    moment, again = now.isoformat(), (now + ASK_AGAIN).isoformat()
    rows = prepared_rows(_EXPIRE, [Bigints(ids), again, waiting, moment, waiting])
    ended = [row[0] for row in rows]
    if ended:
        _release_many(ended, now=now)
    return len(ended)


@joins_transaction
def _release_many(ended: Sequence[int], *, now: datetime) -> None:
    taken = Redemption.objects.filter(subscription_id__in=ended, released_at__isnull=True)
    for promotion_id in sorted(set(taken.values_list("promotion_id", flat=True))):
        Promotion.objects.select_for_update(no_key=True).get(pk=promotion_id)
        given = taken.filter(promotion_id=promotion_id).update(released_at=now)
        Promotion.objects.filter(pk=promotion_id).update(redeemed=F("redeemed") - given)
    TrialUse.objects.filter(subscription_id__in=ended).delete()
