"""One piece of authentic news: whose it is, whether it was told before, and what it does."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from apps.core import events
from apps.core.db import joins_transaction
from apps.finance.payments.adapters.base import Notice, Told
from apps.finance.payments.choices import HEARD, NoticeOutcome
from apps.finance.payments.events import PaymentRenewed, RenewalEnded, RenewalFailed
from apps.finance.payments.models import Transaction, WebhookEvent, WebhookNotice
from apps.finance.payments.services.effects import DONE, EFFECTS, OF_A_SALE, OF_AN_ORDER, Acted
from apps.finance.payments.services.means_news import refresh_means
from apps.finance.payments.services.whose import (
    Unknown,
    account_of_news,
    check_fits,
    lock_order,
)


class Heard(NamedTuple):
    """What became of a piece of news."""

    outcome: NoticeOutcome
    text: str = ""
    transaction: Transaction | None = None
    repeats: WebhookNotice | None = None


@joins_transaction
def apply_notice(*, webhook: WebhookEvent, notice: Notice, now: datetime) -> Heard:
    """
    Do what the news says and return what became of it. The delivery is locked.

    News of one order queues at its row, so the same one is acted on once and any order of
    deliveries ends in the same state.

    :raises Refused: it does not fit its order
    :raises Unknown: its order or account is not known here
    :raises TooEarly: it must wait for other news
    """
    account = account_of_news(webhook, notice)
    transaction = lock_order(webhook, notice)
    if transaction is None:
        if notice.told in OF_AN_ORDER | OF_A_SALE:
            raise Unknown("it names an unknown order")
    else:
        check_fits(webhook, notice, transaction, account)
    if first := first_told(webhook, notice):
        text = f"Delivered again; the first is #{first.webhook_id}"
        return Heard(NoticeOutcome.REPEAT, text, transaction, first)
    outcome, text = _act(webhook, transaction, notice, now)
    return Heard(outcome, text, transaction)


def first_told(webhook: WebhookEvent, notice: Notice) -> WebhookNotice | None:
    """Return the same news when it was heard before."""
    return WebhookNotice.objects.filter(
        gateway=webhook.gateway, dedupe_key=notice.dedupe_key, outcome__in=HEARD
    ).first()


def _act(
    webhook: WebhookEvent, transaction: Transaction | None, notice: Notice, now: datetime
) -> Acted:
    if notice.told is Told.NOTHING:
        return NoticeOutcome.NOTHING, f"{notice.event_type} moves no money of a purchase"
    if transaction is not None and (effect := EFFECTS.get(notice.told)):
        return effect(transaction, notice, now)
    if notice.told is Told.MEANS_CHANGED:
        return _means_changed(webhook, notice, now)
    if notice.told in _RENEWALS:
        return _renewal(webhook, transaction, notice)
    return NoticeOutcome.PARKED, f"{notice.event_type} is handled by staff"


def _means_changed(webhook: WebhookEvent, notice: Notice, now: datetime) -> Acted:
    count = refresh_means(
        gateway=webhook.gateway, credentials=webhook.credentials, means=notice.means, now=now
    )
    if not count:
        return NoticeOutcome.NOTHING, "No stored means of payment goes by this name"
    done = "forgotten" if notice.means and notice.means.is_closed else "brought up to date"
    return NoticeOutcome.DONE, f"{count} stored means of payment {done}"


_RENEWALS: dict[Told, type[PaymentRenewed | RenewalFailed | RenewalEnded]] = {
    Told.RENEWED: PaymentRenewed,
    Told.RENEWAL_FAILED: RenewalFailed,
    Told.RENEWAL_ENDED: RenewalEnded,
}


def _renewal(webhook: WebhookEvent, transaction: Transaction | None, notice: Notice) -> Acted:
    """Tell who keeps subscriptions. Where nobody does, money was charged that nobody expected."""
    event = _RENEWALS[notice.told]
    if not events.handlers_of(event):
        if notice.told is Told.RENEWAL_ENDED:  # some gateways say it of a single purchase too
            return NoticeOutcome.NOTHING, f"{notice.event_type} moves no money of a purchase"
        return NoticeOutcome.PARKED, f"{notice.event_type} is handled by staff"
    events.publish(
        event(
            key=f"{webhook.gateway}:{notice.dedupe_key}",
            gateway=webhook.gateway,
            reference=notice.reference,
            gateway_transaction=notice.gateway_transaction,
            transaction_id=transaction.pk if transaction else None,
            amount_minor=notice.amount.minor if notice.amount else None,
            currency=notice.amount.currency if notice.amount else "",
            occurred_at=(notice.occurred_at or webhook.received_at).isoformat(),
            reason=notice.reason,
        )
    )
    return DONE
