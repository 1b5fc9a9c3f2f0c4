"""End subscriptions by the thousand: what was cancelled, given or never paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from apps.accounts.models import Profile
from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.core.events import publish_many
from apps.finance.entitlements import services as entitlements
from apps.finance.subscriptions.choices import EndReason, RenewsBy
from apps.finance.subscriptions.events import SubscriptionEnded
from apps.finance.subscriptions.models import DunningTry
from apps.finance.subscriptions.services.claims import Due
from apps.finance.subscriptions.services.letters import Letters, day_of
from apps.notifications import services as notifications

#: Why one that its gateway renewed was cancelled, though its fan did not ask; see ``stops``.
GATEWAY_STOPPED = "The gateway charges no more"
NOT_TOLD = "We could not reach you by mail before the charge"
#: And what its fan reads of it.
GIVEN_UP = {
    GATEWAY_STOPPED: "The payment company that charged you told us that it does so no more.",
    NOT_TOLD: "Our mail before the next charge did not reach you, so we had that charge stopped.",
}
#: Who left is asked back after so long, unless turned off; withdrawn when they subscribe anew.
WIN_BACK = timedelta(days=7)


class Ending(NamedTuple):
    due: Due
    why: EndReason


_END = """
WITH d AS MATERIALIZED (
    SELECT d.*, n.now FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
                             AS d(id, why, words, before),
           (SELECT %s::text::timestamptz AS now) n
), s AS (
    UPDATE subscriptions_subscription s
       SET state = 'ENDED', ended_at = d.now, end_reason = d.why, due_at = NULL,
           remind_at = NULL, claimed_until = NULL, resumes_at = NULL,
           access_until = least(s.access_until, d.now)
      FROM d WHERE s.id = d.id AND s.state <> 'ENDED'
    RETURNING s.id, s.plan_id, s.price_id, s.period_number, d.why, d.words, d.before, d.now
), p AS (
    UPDATE subscriptions_period p SET state = 'UNPAID'
      FROM d WHERE p.subscription_id = d.id AND p.state = 'OPEN'
    RETURNING p.id
), h AS (
    INSERT INTO subscriptions_subscriptionevent
           (subscription_id, what, from_state, to_state, at, reason, facts, plan_id, price_id,
            period_number)
    SELECT s.id, 'ENDED', s.before, 'ENDED', s.now, s.words, jsonb_build_object('why', s.why),
           s.plan_id, s.price_id, s.period_number
      FROM s ORDER BY s.id
    RETURNING id
)
SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM h), (SELECT count(*) FROM p)
"""
_WORDS = {
    EndReason.CANCELLED: "You cancelled it.",
    EndReason.UNPAID: "It could not be charged.",
    EndReason.GIFT_OVER: "The gift is over.",
    EndReason.NO_CONSENT: "You did not agree to the new price.",
    EndReason.GATEWAY: "It is not charged any more.",
    EndReason.FAN_GONE: "Your account is closed.",
}


@joins_transaction
def end_many(endings: Sequence[Ending], *, now: datetime) -> None:
    """
    End what is due to end: state, history, access, mails and events, one statement a table.

    The rows are locked by the caller.

    :raises RuntimeError: one had ended
    """
    if not endings:
        return
    [(ended, *_)] = prepared_rows(
        _END,
        [
            Bigints([each.due.pk for each in endings]),
            Texts([each.why.value for each in endings]),
            Texts([each.why.label for each in endings]),
            Texts([each.due.state for each in endings]),
            now.isoformat(),
        ],
    )
    if ended != len(endings):
        raise RuntimeError("one of these had ended before")
    _withdraw(endings, now)
    _tell(endings, now)
    publish_many(
        [
            SubscriptionEnded(
                subscription_id=due.pk,
                cluster=due.cluster,
                fan_id=due.fan_id,
                creator_id=due.creator_id,
                plan_id=due.plan_id,
                reason=why.value,
            )
            for due, why in endings
        ]
    )


def reason_of(due: Due) -> EndReason:
    """Return why one ends whose time is over and that nobody renews."""
    if due.cancelled:
        if due.renews_by == RenewsBy.GATEWAY and due.cancel_reason in GIVEN_UP:
            return EndReason.GATEWAY
        return EndReason.CANCELLED
    return EndReason.GIFT_OVER


def _withdraw(endings: Sequence[Ending], now: datetime) -> None:
    """Access ran to its day; where it was to run longer it is taken back."""
    longer = [e for e in endings if e.due.access_until is None or e.due.access_until > now]
    for why in sorted({each.why for each in longer}):
        sources = [f"subscription:{each.due.pk}" for each in longer if each.why == why]
        entitlements.withdraw_many(sources, why=_WORDS.get(why, why.label), now=now)


def _refusals(endings: Sequence[Ending]) -> dict[int, str]:
    """Return why the last charge failed of each that ends unpaid, in words."""
    unpaid = [due.pk for due, why in endings if why == EndReason.UNPAID]
    if not unpaid:
        return {}
    last = (
        DunningTry.objects.filter(subscription__in=unpaid)
        .order_by("subscription_id", "-id")
        .distinct("subscription_id")
    )
    return dict(last.values_list("subscription_id", "reason"))


def _tell(endings: Sequence[Ending], now: datetime) -> None:
    letters = Letters((each.due for each in endings), now=now)
    people = dict(
        Profile.objects.filter(pk__in={each.due.creator_id for each in endings}).values_list(
            "pk", "user_id"
        )
    )
    mails, refused = [], _refusals(endings)
    for due, why in endings:
        words, last = _WORDS.get(why, why.label), day_of(due.zone, now)
        if due.pk in refused:
            words = f"{words} {refused[due.pk]}"
        mails.append(letters.fan(due, "ended", key="1", reason=words, access_until=last))
        mails.append(
            letters.creator(
                due, "subscriber_ended", key="1", to=people[due.creator_id], reason=why.label
            )
        )
        if why in {EndReason.CANCELLED, EndReason.UNPAID}:
            mails.append(replace(letters.fan(due, "win_back", key="1"), send_at=now + WIN_BACK))
    notifications.queue_many(mails, now=now)
