"""Charges that failed: tried again by the schedule, told to the fan, ended at last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.core.events import publish_many
from apps.finance.payments.selectors.paid import payment_by_id
from apps.finance.subscriptions.choices import DeclineClass, EndReason, RenewsBy
from apps.finance.subscriptions.events import SubscriptionPastDue
from apps.finance.subscriptions.rules.dunning import (
    CONFIRM,
    Next,
    after_failure,
    tells_by_mail,
)
from apps.finance.subscriptions.selectors.policies import policies
from apps.finance.subscriptions.services.charges import Charge
from apps.finance.subscriptions.services.claims import Due
from apps.finance.subscriptions.services.ends import Ending, end_many
from apps.finance.subscriptions.services.letters import (
    Letters,
    Plain,
    day_of,
    money_words,
    written,
)
from apps.notifications import selectors as mails
from apps.notifications import services as notifications

_KINDS = ("subscription.declined", "subscription.payer_needed")


class Failure(NamedTuple):
    """A charge that surely took nothing. ``reason`` is for people, ``code`` for machines."""

    charge: Charge
    decline: DeclineClass
    code: str
    reason: str = ""
    transaction_id: int | None = None


class Recorded(NamedTuple):
    """How many will be tried again or wait for the fan, and how many ended by it."""

    declined: int
    ended: int


_WRITE = """
WITH d AS MATERIALIZED (
    SELECT d.*, n.now FROM unnest(
        %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]
    ) AS d(id, period, number, class, code, reason, txn, next_at, due, before, facts),
    (SELECT %s::text::timestamptz AS now) n
), t AS (
    INSERT INTO subscriptions_dunningtry
           (subscription_id, period_number, number, at, decline_class, code, reason,
            transaction_id, next_at)
    SELECT d.id, d.period, d.number, d.now, d.class, d.code, d.reason, nullif(d.txn, 0),
           nullif(d.next_at, '')::timestamptz
      FROM d
    RETURNING id
), s AS (
    UPDATE subscriptions_subscription s
       SET state = 'PAST_DUE', tries = d.number, due_at = d.due::timestamptz,
           claimed_until = NULL, remind_at = NULL
      FROM d WHERE s.id = d.id
    RETURNING s.id, s.plan_id, s.price_id, s.period_number, d.before, d.now, d.reason, d.facts
), p AS (
    UPDATE subscriptions_period p SET state = 'UNPAID'
      FROM d WHERE p.subscription_id = d.id AND p.state = 'OPEN'
    RETURNING p.id
), h AS (
    INSERT INTO subscriptions_subscriptionevent
           (subscription_id, what, from_state, to_state, at, reason, facts, plan_id, price_id,
            period_number)
    SELECT s.id, 'DECLINED', s.before, 'PAST_DUE', s.now, s.reason, s.facts::jsonb, s.plan_id,
           s.price_id, s.period_number
      FROM s ORDER BY s.id
    RETURNING id
)
SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM s), (SELECT count(*) FROM h),
       (SELECT count(*) FROM p)
"""
#: A gateway has not told of its charge: nobody knows yet whether it took any money.
SILENT = "gateway_silent"
#: What people are told of codes of ours; a gateway's own reason stands in ``Failure.reason``.
WORDS = {
    "payments.insufficient_wallet": "Your wallet holds too little.",
    "payments.spending_limit": "You reached the spending limit you set.",
    "payments.spending_limit_reached": "You reached the spending limit you set.",
    "payments.means_not_found": "The card that was kept is gone.",
    "payments.never_again": "The bank does not want this card charged again.",
    SILENT: "We have not heard of the charge.",
    "notice_not_delivered": "We could not reach you by mail before the charge.",
}


@joins_transaction
def record_failures(
    failures: Sequence[Failure], *, now: datetime, letters: Letters | None = None
) -> Recorded:
    """
    Write down charges that failed and what follows, one statement a table.

    The rows are locked by the caller. Those whose last try this was, and whose days of grace are
    over, end.
    """
    if not failures:
        return Recorded(0, 0)
    letters = letters or Letters((each.charge.due for each in failures), now=now)
    in_force = policies(now=now)
    follows = [
        after_failure(
            policy=in_force.of(each.charge.due.cluster_id),
            decline=each.decline,
            first_failed_at=each.charge.due.first_try_at or now,
            tries=each.charge.due.tries + 1,
            access_until=each.charge.due.access_until,
            now=now,
        )
        for each in failures
    ]
    _write(failures, follows, now)
    ending = [
        Ending(each.charge.due._replace(state="PAST_DUE"), EndReason.UNPAID)
        for each, follow in zip(failures, follows, strict=True)
        if follow.try_at is None and follow.ends_at <= now
    ]
    over = {each.due.pk for each in ending}
    going = [
        (each, follow)
        for each, follow in zip(failures, follows, strict=True)
        if each.charge.due.pk not in over
    ]
    _tell(going, letters, now)
    end_many(ending, now=now)
    return Recorded(len(going), len(ending))


def _write(failures: Sequence[Failure], follows: Sequence[Next], now: datetime) -> None:
    dues = [each.charge.due for each in failures]
    [counts] = prepared_rows(
        _WRITE,
        [
            Bigints([due.pk for due in dues]),
            Bigints([due.number + 1 for due in dues]),
            Bigints([due.tries + 1 for due in dues]),
            Texts([each.decline.value for each in failures]),
            Texts([each.code[:60] for each in failures]),
            Texts([reason_words(each)[:200] for each in failures]),
            Bigints([each.transaction_id or 0 for each in failures]),
            Texts([follow.try_at.isoformat() if follow.try_at else "" for follow in follows]),
            Texts([follow.due_at.isoformat() for follow in follows]),
            Texts([due.state for due in dues]),
            Texts([_facts(each) for each in failures]),
            now.isoformat(),
        ],
    )
    if counts[:3] != (len(failures),) * 3:
        raise RuntimeError("a charge failed of what is not there")


def _facts(failure: Failure) -> str:
    charge = failure.charge
    return json.dumps(
        {
            "period": charge.term.number,
            "try": charge.due.tries + 1,
            "class": failure.decline.value,
            "amount": written(charge.amount.minor, charge.due.currency),
        }
    )


def reason_words(failure: Failure) -> str:
    """Return why it failed, in words for its fan and for staff."""
    return failure.reason or WORDS.get(failure.code) or "The charge was declined."


def _tell(going: Sequence[tuple[Failure, Next]], letters: Letters, now: datetime) -> None:
    told = _told([failure.charge.due for failure, _ in going], now)
    mails = [
        _mail(failure, follow, letters)
        for failure, follow in going
        if failure.code != SILENT and _tells(failure.charge.due, follow, told, now)
    ]
    notifications.queue_many(mails, now=now)
    publish_many([_event(failure.charge.due, follow) for failure, follow in going])


def _told(dues: Sequence[Due], now: datetime) -> dict[int, tuple[datetime, bool]]:
    """Return when each was mailed of this charge last, and if a next try was promised; asked only
    about those of whom a try failed lately."""
    lately = {
        f"subscription:{due.pk}": due
        for due in dues
        if due.last_try_at is not None and not tells_by_mail(told_at=due.last_try_at, now=now)
    }
    if not lately:
        return {}
    found = mails.newest_about(list(lately), _KINDS)
    return {
        lately[ref].pk: (newest.queued_at, bool(newest.context.get("next_try_on")))
        for ref, newest in found.items()
    }


def _tells(
    due: Due, follow: Next, told: Mapping[int, tuple[datetime, bool]], now: datetime
) -> bool:
    """One mail speaks for all tries of a day, unless it promised one that will not come."""
    at, promised = told.get(due.pk, (None, False))
    return tells_by_mail(told_at=at, now=now) or (promised and follow.try_at is None)


def _mail(failure: Failure, follow: Next, letters: Letters) -> notifications.Message:
    charge, due = failure.charge, failure.charge.due
    by_gateway = due.renews_by == RenewsBy.GATEWAY
    # Of all that waits for its payer only this is the bank's question; the others say why.
    kind, said = "declined", dict[str, Plain]()
    if failure.code == CONFIRM:
        kind, said = "payer_needed", {"pay_url": _pay_url(failure, letters)}
    return letters.fan(
        due,
        kind,
        key=f"{charge.term.number}:{due.tries + 1}",
        amount=money_words(letters.total(due, charge.amount).total),
        reason=reason_words(failure),
        **({"by_gateway": True} if by_gateway else {}),
        next_try_on="" if by_gateway else day_of(due.zone, follow.try_at),
        access_until=day_of(due.zone, due.access_until),
        **said,
    )


def _pay_url(failure: Failure, letters: Letters) -> str:
    """Return the page where its payer answers the bank's question."""
    if failure.transaction_id is None:
        return ""
    payment = payment_by_id(failure.transaction_id)
    return f"{letters.origin(failure.charge.due)}/checkout/{payment.public_id}/"


def _event(due: Due, follow: Next) -> SubscriptionPastDue:
    return SubscriptionPastDue(
        subscription_id=due.pk,
        cluster=due.cluster,
        fan_id=due.fan_id,
        creator_id=due.creator_id,
        plan_id=due.plan_id,
        tries=due.tries + 1,
        next_try_at=follow.try_at.isoformat() if follow.try_at else "",
    )
