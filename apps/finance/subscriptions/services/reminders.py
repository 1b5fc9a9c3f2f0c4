"""Say what is going to be charged before it is, as card networks and law want it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import structlog
from django.db.models import F
from django.db.transaction import atomic

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Scope
from apps.finance.subscriptions.choices import LIVE, RenewsBy, State, What
from apps.finance.subscriptions.models import Period, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules.reminders import Reminder, charged_from, kind_of
from apps.finance.subscriptions.rules.terms import period_words
from apps.finance.subscriptions.selectors.live import coming_of
from apps.finance.subscriptions.selectors.policies import policies
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.charges import Charge, charges_of
from apps.finance.subscriptions.services.claims import REMINDERS, Due, claim
from apps.finance.subscriptions.services.ends import NOT_TOLD
from apps.finance.subscriptions.services.isolate import isolated
from apps.finance.subscriptions.services.letters import Letters, day_of, money_words, next_words
from apps.finance.subscriptions.services.move import locked, note
from apps.finance.subscriptions.services.stops import give_up
from apps.notifications import services as notifications

log = structlog.get_logger(__name__)

LIMIT = 1_000
#: A gateway that renews by itself charges on its day, whatever we do.
_OURS = frozenset({RenewsBy.WALLET.value, RenewsBy.MEANS.value})
NOT_DELIVERED = "notice_not_delivered"
#: Whoever did not get one of these is not charged until a person has looked.
_MUST_ARRIVE = frozenset({Reminder.TRIAL_ENDING.value, Reminder.RENEWAL_AHEAD.value})
_KEY = re.compile(r"subscription:([0-9]{1,18}):[a-z_]+:([0-9]{1,9})(?::[0-9]{8})?", re.ASCII)
#: A reminder that could not be written for a reason that is ours is left alone for so long; as
#: long as it is, nothing is charged.
LEFT_ALONE = timedelta(hours=1)
_DONE = """
WITH d AS MATERIALIZED (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS d(id, due, access)
), s AS (
    UPDATE subscriptions_subscription s
       SET reminded_at = %s::text::timestamptz, remind_at = NULL,
           due_at = coalesce(nullif(d.due, '')::timestamptz, s.due_at),
           access_until = coalesce(nullif(d.access, '')::timestamptz, s.access_until)
      FROM d WHERE s.id = d.id
    RETURNING s.id
)
SELECT count(*) FROM s
"""


class _Reminded(NamedTuple):
    """``charged_from`` is later than its regular moment where the reminder came late."""

    charge: Charge
    kind: Reminder
    charged_from: datetime

    @property
    def is_late(self) -> bool:
        return self.charged_from > self.charge.due.until


def remind_due(*, now: datetime, limit: int = LIMIT) -> int:
    """
    Queue every reminder that is due, a batch a transaction; return how many were seen to.

    One that comes too late for its charge puts that off, and access goes on meanwhile. One that
    raises is left alone for an hour and stops no other.
    """
    total = 0
    while reminded := sum(isolated(partial(_remind, now, limit), alone=partial(_put_off, now))):
        total += reminded
    return total


@atomic
def _remind(now: datetime, limit: int, *, claimed: list[int], among: Sequence[int] | None) -> int:
    dues = claim(REMINDERS, now=now, limit=limit, among=among)
    claimed.extend(due.pk for due in dues)
    if not dues:
        return 0
    letters = Letters(dues, now=now)
    running = [due for due in dues if due.state != State.PAUSED]
    cheaper = _cheaper(running)
    reminded = [
        _reminded(charge, now, introductory=charge.due.pk in cheaper)
        for charge in charges_of(running, now=now)
    ]
    late = [each for each in reminded if each.is_late]
    in_force = policies(now=now)
    access = {
        each.charge.due.pk: each.charged_from
        + timedelta(days=in_force.of(each.charge.due.cluster_id).grace_days)
        for each in late
        # What was closed for a whole period stays closed until it is paid.
        if each.charge.term.number == each.charge.due.number + 1
    }
    due_at = {each.charge.due.pk: each.charged_from for each in late}
    prepared_rows(
        _DONE,
        [
            Bigints([due.pk for due in running]),
            Texts([_moment(due_at.get(due.pk)) for due in running]),
            Texts([_moment(access.get(due.pk)) for due in running]),
            now.isoformat(),
        ],
    )
    _keep_open([each.charge for each in late if each.charge.due.pk in access], access, now)
    _note_late(late, now)
    mails = [_mail(each, letters) for each in reminded if not each.charge.refused]
    notifications.queue_many(mails, now=now)
    for due in dues:
        if due.state == State.PAUSED:
            _remind_paused(due.pk, now)
    return len(dues)


def _put_off(now: datetime, subscription_id: int, error: Exception) -> int:
    log.error("billing.reminder_failed", subscription=subscription_id, exc_info=error)
    Subscription.objects.filter(pk=subscription_id, remind_at__isnull=False).update(
        remind_at=now + LEFT_ALONE
    )
    return 1


def _cheaper(dues: Sequence[Due]) -> set[int]:
    """Return those whose last cheap period is the one that is paid: the next costs more."""
    over = [due.pk for due in dues if due.promotion_id is not None and due.left == 0]
    if not over:
        return set()
    rows = Period.objects.filter(
        subscription__in=over,
        number=F("subscription__period_number"),
        amount_minor__lt=F("subscription__amount_minor"),
    )
    return set(rows.values_list("subscription_id", flat=True))


def _reminded(charge: Charge, now: datetime, *, introductory: bool) -> _Reminded:
    due = charge.due
    is_trial = due.state == State.TRIALING
    kind = kind_of(months=due.months, is_trial=is_trial, introductory=introductory)
    if due.renews_by not in _OURS or charge.refused:
        return _Reminded(charge, kind, due.until)
    return _Reminded(
        charge,
        kind,
        charged_from(kind=kind, began_at=due.started_at, until=due.until, now=now, zone=due.zone),
    )


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _keep_open(charges: Sequence[Charge], access: Mapping[int, datetime], now: datetime) -> None:
    entitlements.grant_many(
        [
            entitlements.Grant(
                profile_id=charge.due.fan_id,
                creator_id=charge.due.creator_id,
                cluster_id=charge.due.cluster_id,
                scope=Scope.CREATOR,
                source=f"subscription:{charge.due.pk}",
                tier=charge.due.tier,
                from_at=now,
                until_at=access[charge.due.pk],
                why="Charged later, as its reminder came late",
            )
            for charge in charges
        ],
        now=now,
    )


def _note_late(late: Sequence[_Reminded], now: datetime) -> None:
    SubscriptionEvent.objects.bulk_create(
        SubscriptionEvent(
            subscription_id=each.charge.due.pk,
            what=What.NOTE,
            from_state=each.charge.due.state,
            to_state=each.charge.due.state,
            at=now,
            reason="Charged later, as its reminder came late",
            facts={"charged_from": each.charged_from.isoformat()},
        )
        for each in late
    )


def _mail(reminded: _Reminded, letters: Letters) -> notifications.Message:
    charge, due = reminded.charge, reminded.charge.due
    next_up = replace(letters.ahead(due, charge.coming), at=reminded.charged_from)
    said = next_words(next_up, due.zone)
    if reminded.kind is Reminder.TRIAL_ENDING:
        said |= {
            "trial_ends_on": day_of(due.zone, due.until),
            "first_amount": said["next_amount"],
        }
    return letters.fan(
        due,
        reminded.kind.value.removeprefix("subscription."),
        key=_key(due.number, day_of(due.zone, reminded.charged_from)),
        plan=charge.plan,
        price=money_words(charge.coming.full),
        period=period_words(charge.months),
        tax=said["next_tax"],
        promo=charge.promotion,
        **said,
    )


def _remind_paused(pk: int, now: datetime) -> None:
    """Say what is charged when a pause ends; too late for that, it is said when it has ended."""
    subscription = locked(pk)
    resumes_at, zone = subscription.resumes_at, subscription.timezone
    in_time = resumes_at is not None and resumes_at == charged_from(
        kind=Reminder.RENEWAL_AHEAD, began_at=now, until=resumes_at, now=now, zone=zone
    )
    if in_time and coming_of(subscription) is not None:
        subscription.reminded_at = now
        key = _key(subscription.period_number, tell.day_of(subscription, resumes_at))
        tell.mail(subscription, "renewal_ahead", key=key, now=now)
    subscription.remind_at = None
    subscription.save(update_fields=["reminded_at", "remind_at"])


def _key(number: int, day: str) -> str:
    """Name a reminder: of a period, and of the day its charge is announced for."""
    return f"{number}:{day.replace('-', '')}"


@joins_transaction
def hold_unreached(*, kind: str, key: str, now: datetime) -> bool:
    """
    A notice did not arrive that must: charge nothing until a person has looked (R-SUB-04). What
    its gateway charges by itself cannot be held: it is cancelled there and used up, and whoever
    wants to go on pays another way.

    False where it is not about a charge to come: another kind, an end, a period that began.
    """
    found = _KEY.fullmatch(key)
    if kind not in _MUST_ARRIVE or found is None:
        return False
    pk, number = int(found[1]), int(found[2])
    if not Subscription.objects.filter(pk=pk, state__in=sorted(LIVE)).exists():
        return False
    subscription = locked(pk)
    held = subscription.held_why or subscription.cancel_at_end
    if subscription.period_number != number or held:
        return False
    log.error("billing.notice_not_delivered", subscription=pk, kind=kind)
    if subscription.renews_by == RenewsBy.GATEWAY:  # it would charge whatever we hold
        give_up(subscription, why=NOT_TOLD, facts={"kind": kind}, now=now)
        return True
    subscription.held_why = NOT_DELIVERED
    note(subscription=subscription, what=What.NOTE, now=now,
         reason="A notice did not arrive: not charged until somebody has looked",
         facts={"kind": kind})  # fmt: skip
    return True
