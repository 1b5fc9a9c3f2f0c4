"""Say what is going to be charged before it is, as card networks and law want it."""

from __future__ import annotations

import re
from datetime import datetime

import structlog
from django.db.transaction import atomic

from apps.core.db import Bigints, joins_transaction, prepared_rows
from apps.finance.subscriptions.choices import LIVE, State, What
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.reminders import Reminder, kind_of
from apps.finance.subscriptions.rules.terms import period_words
from apps.finance.subscriptions.services.charges import Charge, charges_of
from apps.finance.subscriptions.services.claims import REMINDERS, claim
from apps.finance.subscriptions.services.letters import (
    Letters,
    day_of,
    money_words,
    next_words,
)
from apps.finance.subscriptions.services.move import locked, note
from apps.notifications import services as notifications

log = structlog.get_logger(__name__)

LIMIT = 1_000
NOT_DELIVERED = "notice_not_delivered"
#: Whoever did not get one of these is not charged until a person has looked.
_MUST_ARRIVE = frozenset({Reminder.TRIAL_ENDING.value, Reminder.RENEWAL_AHEAD.value})
_KEY = re.compile(r"subscription:([0-9]{1,18}):[a-z_]+:([0-9]{1,9})", re.ASCII)
_DONE = """
WITH s AS (
    UPDATE subscriptions_subscription SET reminded_at = %s::text::timestamptz, remind_at = NULL
     WHERE id = ANY(%s::bigint[]) RETURNING id
)
SELECT count(*) FROM s
"""


def remind_due(*, now: datetime, limit: int = LIMIT) -> int:
    """Queue every reminder that is due, a batch a transaction; return how many."""
    total = 0
    while reminded := _remind(now, limit):
        total += reminded
    return total


@atomic
def _remind(now: datetime, limit: int) -> int:
    dues = claim(REMINDERS, now=now, limit=limit)
    if not dues:
        return 0
    letters = Letters(dues, now=now)
    notifications.queue_many(
        [_mail(charge, letters) for charge in charges_of(dues, now=now)], now=now
    )
    prepared_rows(_DONE, [now.isoformat(), Bigints([due.pk for due in dues])])
    return len(dues)


def _mail(charge: Charge, letters: Letters) -> notifications.Message:
    due = charge.due
    is_trial = due.state == State.TRIALING
    kind = kind_of(
        months=due.months,
        is_trial=is_trial,
        introductory=charge.amount.minor < charge.following.minor or due.promotion_id is not None,
    )
    next_up = letters.ahead(due, charge.coming)
    said = next_words(next_up, due.zone)
    if is_trial:
        said |= {
            "trial_ends_on": day_of(due.zone, due.until),
            "first_amount": said["next_amount"],
        }
    return letters.fan(
        due,
        kind.value.removeprefix("subscription."),
        key=str(due.number),
        plan=charge.plan,
        price=money_words(charge.coming.full),
        period=period_words(charge.months),
        tax=said["next_tax"],
        promo=charge.promotion,
        **said,
    )


@joins_transaction
def hold_unreached(*, kind: str, key: str, now: datetime) -> bool:
    """
    A notice did not arrive that must: charge nothing until a person has looked (R-SUB-04).

    False where it is not about a charge to come: another kind, an end, a period that began.
    """
    found = _KEY.fullmatch(key)
    if kind not in _MUST_ARRIVE or found is None:
        return False
    pk, number = int(found[1]), int(found[2])
    if not Subscription.objects.filter(pk=pk, state__in=sorted(LIVE)).exists():
        return False
    subscription = locked(pk)
    if subscription.period_number != number or subscription.held_why:
        return False
    subscription.held_why = NOT_DELIVERED
    note(subscription=subscription, what=What.NOTE, now=now,
         reason="A notice did not arrive: not charged until somebody has looked",
         facts={"kind": kind})  # fmt: skip
    log.error("billing.notice_not_delivered", subscription=pk, kind=kind)
    return True
