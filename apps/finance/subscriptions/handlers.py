"""What subscriptions do when payments have something to tell.

All may be told twice, and in any order.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from apps.core import events
from apps.core.money import Money
from apps.finance.payments.choices import Kind
from apps.finance.payments.events import (
    DisputeClosed,
    MeansRefreshed,
    PaymentCancelled,
    PaymentCaptured,
    PaymentDisputed,
    PaymentFailed,
    PaymentRefunded,
    PaymentRenewed,
    RefundBounced,
    RenewalEnded,
    RenewalFailed,
)
from apps.finance.subscriptions.choices import EndReason
from apps.finance.subscriptions.rules.gifts import read as read_gift
from apps.finance.subscriptions.rules.subjects import Subject, read
from apps.finance.subscriptions.services import (
    changed,
    first_payment,
    gifts,
    money_back,
    outcomes,
    price_notices,
    reminders,
    renew_gateway,
    retry,
)
from apps.notifications.events import MessageBounced, MessageFailed


@events.subscribe(PaymentCaptured)
def begin_what_is_paid(event: PaymentCaptured) -> None:
    subject = read(event.subject)
    if subject is not None and subject.is_first:
        first_payment.first_payment_captured(
            transaction_id=event.transaction_id, subscription_id=subject.subscription_id
        )
    elif subject is not None and subject.is_change:
        changed.change_captured(
            transaction_id=event.transaction_id, subscription_id=subject.subscription_id
        )
    elif subject is not None:
        outcomes.record_news(event.transaction_id)


@events.subscribe(PaymentCaptured)
def try_again_with_what_was_paid_in(event: PaymentCaptured) -> None:
    if event.kind == Kind.WALLET_DEPOSIT:
        retry.wallet_filled(fan_id=event.payer_id, now=timezone.now())


@events.subscribe(PaymentCaptured)
def let_a_gift_be_taken(event: PaymentCaptured) -> None:
    gift_id = read_gift(event.subject)
    if gift_id is not None:
        gifts.gift_paid(gift_id=gift_id, transaction_id=event.transaction_id, now=timezone.now())


@events.subscribe(PaymentRefunded)
def take_back_a_gift_that_was_refunded(event: PaymentRefunded) -> None:
    gift_id = read_gift(event.subject)
    if gift_id is not None and event.is_full:
        gifts.gift_refunded(gift_id=gift_id, why=EndReason.REFUNDED, now=timezone.now())


@events.subscribe(PaymentDisputed)
def take_back_a_gift_that_was_charged_back(event: PaymentDisputed) -> None:
    _gift_disputed(event.subject)


@events.subscribe(DisputeClosed)
def follow_how_the_dispute_of_a_gift_ended(event: DisputeClosed) -> None:
    _gift_disputed(event.subject)


def _gift_disputed(subject: str) -> None:
    gift_id = read_gift(subject)
    if gift_id is not None:
        gifts.gift_disputed(gift_id=gift_id, now=timezone.now())


@events.subscribe(PaymentFailed)
def end_what_was_declined(event: PaymentFailed) -> None:
    _failed(read(event.subject), event.transaction_id)


@events.subscribe(PaymentCancelled)
def end_what_was_given_up(event: PaymentCancelled) -> None:
    _failed(read(event.subject), event.transaction_id)


def _failed(subject: Subject | None, transaction_id: int) -> None:
    if subject is not None and subject.is_first:
        first_payment.first_payment_failed(
            transaction_id=transaction_id,
            subscription_id=subject.subscription_id,
            now=timezone.now(),
        )
    elif subject is not None and not subject.is_change:
        outcomes.record_news(transaction_id)


@events.subscribe(PaymentRefunded)
def end_what_went_back(event: PaymentRefunded) -> None:
    if read(event.subject) is not None:
        money_back.money_went_back(
            transaction_id=event.transaction_id,
            refund_id=event.refund_id,
            amount=str(Money(event.amount_minor, event.currency)),
            is_full=event.is_full,
            now=timezone.now(),
        )


@events.subscribe(RefundBounced)
def note_what_came_again(event: RefundBounced) -> None:
    if read(event.subject) is not None:
        money_back.money_came_again(
            transaction_id=event.transaction_id, refund_id=event.refund_id, now=timezone.now()
        )


@events.subscribe(PaymentDisputed)
def end_what_is_disputed(event: PaymentDisputed) -> None:
    if read(event.subject) is not None:
        money_back.payment_disputed(
            transaction_id=event.transaction_id,
            dispute_id=event.dispute_id,
            stage=event.stage,
            now=timezone.now(),
        )


@events.subscribe(DisputeClosed)
def note_how_a_dispute_ended(event: DisputeClosed) -> None:
    if read(event.subject) is not None:
        money_back.dispute_closed(
            transaction_id=event.transaction_id,
            dispute_id=event.dispute_id,
            outcome=event.outcome,
            now=timezone.now(),
        )


@events.subscribe(MeansRefreshed)
def try_again_with_the_card_as_it_is_now(event: MeansRefreshed) -> None:
    retry.means_refreshed(fan_id=event.profile_id, now=timezone.now())


@events.subscribe(PaymentRenewed)
def book_what_the_gateway_renewed(event: PaymentRenewed) -> None:
    renew_gateway.record_renewal(_news(event), now=timezone.now())


@events.subscribe(RenewalFailed)
def note_what_the_gateway_could_not_renew(event: RenewalFailed) -> None:
    news = _news(event)
    renew_gateway.record_renewal_failure(news, now=news.occurred_at)


@events.subscribe(RenewalEnded)
def end_what_the_gateway_renews_no_more(event: RenewalEnded) -> None:
    renew_gateway.record_renewals_end(_news(event), now=timezone.now())


def _news(event: PaymentRenewed | RenewalFailed | RenewalEnded) -> renew_gateway.News:
    return renew_gateway.News(
        key=event.key,
        gateway=event.gateway,
        first=event.transaction_id or 0,
        reference=event.reference,
        gateway_transaction=event.gateway_transaction,
        amount=None if event.amount_minor is None else Money(event.amount_minor, event.currency),
        occurred_at=datetime.fromisoformat(event.occurred_at),
        reason=event.reason,
    )


@events.subscribe(MessageBounced)
def hold_who_could_not_be_told(event: MessageBounced) -> None:
    reminders.hold_unreached(kind=event.kind, key=event.key, now=timezone.now())


@events.subscribe(MessageBounced)
def keep_the_price_of_who_could_not_be_told(event: MessageBounced) -> None:
    price_notices.notice_missed(kind=event.kind, key=event.key, now=timezone.now())


@events.subscribe(MessageFailed)
def keep_the_price_of_who_was_not_told(event: MessageFailed) -> None:
    price_notices.notice_missed(kind=event.kind, key=event.key, now=timezone.now())


@events.subscribe(MessageFailed)
def hold_who_was_not_told(event: MessageFailed) -> None:
    reminders.hold_unreached(kind=event.kind, key=event.key, now=timezone.now())
