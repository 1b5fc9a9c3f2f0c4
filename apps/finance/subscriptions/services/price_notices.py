"""The mail about a new price: written, said anew where its day moves, and what if it is missed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

import structlog

from apps.core.db import joins_transaction
from apps.finance.subscriptions.choices import Consent, State, What
from apps.finance.subscriptions.models import PriceChange, Subscription
from apps.finance.subscriptions.rules import notice
from apps.finance.subscriptions.rules.pricing import NOTICE_LEAST
from apps.finance.subscriptions.selectors import price_changes as queries
from apps.finance.subscriptions.selectors.ahead import Taxes
from apps.finance.subscriptions.selectors.price_changes import Told
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.move import locked, note
from apps.notifications import services as notifications
from apps.notifications.selectors import left_about

log = structlog.get_logger(__name__)

_NOTICE = re.compile(r"subscription:([0-9]{1,18}):price_change:([0-9]{1,18})(:[0-9]+)?", re.ASCII)


def mail_of(change: PriceChange, told: Told, taxes: Taxes, now: datetime) -> notifications.Message:
    """Return the mail that tells a subscriber of a new price, in time."""
    row = told.subscription
    manage_url = tell.manage_url(row)
    day = tell.day_of(row, told.pays_from)
    context: dict[str, str | int | bool] = {
        **tell.context_of(row, now=now, taxes=taxes),
        "old_price": change.old.amount.formatted,
        "new_price": change.new.amount.formatted,
        "effective_on": day,
        "next_charge_on": day,
        "consent_needed": told.must_agree,
    }
    if told.must_agree:
        context |= {"consent_url": f"{manage_url}price/", "access_until": day}
    return notifications.Message(
        kind="subscription.price_change",
        to=row.fan.user_id,
        cluster_id=row.cluster_id,
        key=notice.key_of(row.pk, change.pk),
        context={**context},
        subject_ref=row.source,
        send_at=told.mailed_at,
    )


@joins_transaction
def tell_again(subscription: Subscription, *, now: datetime) -> None:
    """
    Have what its fan is told of a new price fit what the subscription is now: paused, going on,
    another plan chosen, or that taken back.

    A notice that waits to be sent is taken back, and another is queued with the day that holds
    now, if one does. Less than a week before that charge, the old price stays theirs. What left
    before is not said again. The caller holds the row's lock and saves it afterwards.
    """
    notifications.withdraw(subject_ref=subscription.source, kinds=[notice.KIND], now=now)
    change = subscription.price_change
    if (
        change is None
        or change.withdrawn_at
        or subscription.price_id != change.old_id
        or subscription.next_price_id is not None
        or _has_left(subscription, change)
    ):
        return
    asked = () if subscription.consent == Consent.NOT_NEEDED else (subscription.pk,)
    told = queries.told_of(
        subscription, change.old, change.new, change.effective_at, now, raised=asked
    )
    if told.pays_from < now + NOTICE_LEAST and change.old.amount < change.new.amount:
        _keep_old(subscription)
        return
    key = f"{notice.key_of(subscription.pk, change.pk)}:{now:%Y%m%d%H%M%S}"
    notifications.queue(replace(mail_of(change, told, Taxes(at=now), now), key=key), now=now)


@joins_transaction
def notice_missed(*, kind: str, key: str, now: datetime) -> bool:
    """
    A notice of a higher price did not arrive: who was not told and has not answered keeps the old
    one. False where it changes nothing.
    """
    found = _NOTICE.fullmatch(key)
    if kind != notice.KIND or found is None:
        return False
    pk, change_id = int(found[1]), int(found[2])
    mine = Subscription.objects.filter(pk=pk, price_change=change_id).exclude(state=State.ENDED)
    if not mine.exists():
        return False
    subscription = locked(pk)
    change = subscription.price_change
    answered = subscription.consent in {Consent.GIVEN, Consent.REFUSED}
    if (
        change is None
        or change.pk != change_id
        or answered
        or change.new.amount <= change.old.amount
        or _has_left(subscription, change)
    ):
        return False
    _keep_old(subscription)
    note(subscription=subscription, what=What.NOTE, now=now,
         reason="The notice of a new price did not arrive: the old one stays",
         facts={"price_change": change_id})  # fmt: skip
    log.warning("price_notice_not_delivered", subscription=pk, change=change_id)
    return True


def _keep_old(subscription: Subscription) -> None:
    subscription.price_change, subscription.consent = None, Consent.NOT_NEEDED


def _has_left(subscription: Subscription, change: PriceChange) -> bool:
    key, _ = left_about([subscription.source], notice.KIND).get(subscription.source, ("", None))
    return notice.is_of(key, subscription_id=subscription.pk, change_id=change.pk)
