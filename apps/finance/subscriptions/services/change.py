"""Another plan or interval: at once with proration, or with the next period."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import joins_transaction, outside_transaction
from apps.core.errors import DomainError
from apps.finance.payments import errors as payment_errors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion, Status
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, What
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.rules import subjects
from apps.finance.subscriptions.rules.proration import ChangeKind
from apps.finance.subscriptions.selectors.changes import ChangeQuote, agreed_quote, buyer_of
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.changed import Change, apply_change, change_captured
from apps.finance.subscriptions.services.move import locked, note, own

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: A charge of stored means takes seconds; until then nobody else charges for it.
CLAIMED_FOR = timedelta(minutes=10)
_WHAT = {
    ChangeKind.UPGRADE: What.UPGRADED,
    ChangeKind.DOWNGRADE: What.DOWNGRADED,
    ChangeKind.SWITCH: What.SWITCHED,
}


@outside_transaction
def change(
    *,
    subscription_id: UUID,
    fan: Profile,
    price: Price,
    token: str,
    idempotency_key: str,
    now: datetime,
) -> Subscription:
    """
    Change to another price of the same creator as its quote said.

    At once: what is unused of the paid period counts against the new price, the difference is
    charged to what pays the subscription, and a fresh period begins. Else it is kept for the next
    period. By stored means the charge is claimed, called and recorded; while the gateway has not
    answered, nothing has changed, and it changes when the capture is heard. The same key changes
    once.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises QuoteMoved: the quote is older than 15 minutes, or comes out otherwise now
    :raises ChangeNotOffered, PlanNotFound and more: see ``selectors.change_quote``
    :raises WrongState: a charge for it is under way
    :raises WalletTooLow: the wallet does not hold the difference
    :raises ChargeDeclined: the stored means was declined, or its bank wants its owner's word
    """
    with atomic():
        subscription = own(fan, subscription_id)
        asked = _begun(subscription, price, token, idempotency_key, now)
    if asked is None:
        return subscription
    try:
        paid = payments.charge_stored(
            _purchase(subscription, asked),
            means=subscription.means_id or 0,
            now=now,
            attempt_key=idempotency_key[-40:],
        )
    except DomainError:
        _let_go(subscription.pk, now=now, reason="It could not be charged")
        raise
    return _recorded(subscription.pk, paid, now=now)


@atomic
def withdraw_change(*, subscription_id: UUID, fan: Profile, now: datetime) -> Subscription:
    """
    Take back a change that has not come yet; where none is planned nothing changes.

    :raises SubscriptionNotFound: it is another person's, or none
    """
    subscription = own(fan, subscription_id)
    if subscription.next_price_id is None:
        return subscription
    subscription.next_plan = subscription.next_price = None
    note(
        subscription=subscription,
        what=What.CHANGE_PLANNED,
        now=now,
        by=fan.user,
        reason="Taken back",
    )
    tell.changed(subscription, What.CHANGE_PLANNED)
    return subscription


@joins_transaction
def _begun(
    subscription: Subscription, price: Price, token: str, key: str, now: datetime
) -> Change | None:
    """Do all that needs no network; return what is to be charged by stored means, if anything."""
    if subscription.history.filter(facts__key=key).exists():
        return None
    if subscription.claimed_until is not None and subscription.claimed_until > now:
        raise errors.WrongState(state=subscription.state, why="a charge is under way")
    quote = agreed_quote(subscription=subscription, price=price, token=token, now=now)
    if not quote.at_once:
        _plan(subscription, quote, key, now)
        return None
    asked = Change(
        price_id=price.pk,
        credit=quote.credit,
        charge=quote.charge,
        what=_WHAT[quote.kind],
        at=quote.effective_at,
        number=subscription.period_number,
        key=key,
    )
    if quote.charge and subscription.renews_by == RenewsBy.MEANS:
        subscription.claimed_until = now + CLAIMED_FOR
        note(
            subscription=subscription,
            what=What.NOTE,
            now=now,
            by=subscription.fan.user,
            reason="A change of plan is charged",
            facts=asked.as_facts(),
        )
        return asked
    paid = _from_wallet(subscription, asked, now) if quote.charge else None
    apply_change(subscription, asked, paid=paid, now=now, by=subscription.fan.user)
    return None


@joins_transaction
def _plan(subscription: Subscription, quote: ChangeQuote, key: str, now: datetime) -> None:
    subscription.next_plan, subscription.next_price = quote.price.plan, quote.price
    note(
        subscription=subscription,
        what=What.CHANGE_PLANNED,
        now=now,
        by=subscription.fan.user,
        facts={"key": key, "to": str(quote.price.public_id), "kind": quote.kind.value},
    )
    tell.mail(
        subscription,
        "changed",
        key=f"planned:{now.isoformat()}",
        now=now,
        old_price=subscription.amount.formatted,
        new_price=quote.price.amount.formatted,
        effective_on=tell.day_of(subscription, quote.effective_at),
    )
    tell.changed(subscription, What.CHANGE_PLANNED)


def _purchase(subscription: Subscription, asked: Change) -> payments.Purchase:
    subject = subjects.of_change(subscription.pk, asked.number)
    return payments.Purchase(
        fan=subscription.fan,
        creator=subscription.creator,
        kind=Kind.SUBSCRIPTION,
        amount=asked.charge,
        subject=subject,
        idempotency_key=f"{subject}:{asked.price_id}",
        occasion=Occasion.CHANGE,
        buyer=buyer_of(subscription),
    )


@joins_transaction
def _from_wallet(subscription: Subscription, asked: Change, now: datetime) -> Transaction:
    try:
        return payments.sell_from_wallet(_purchase(subscription, asked), now=now)
    except payment_errors.InsufficientWallet as error:
        raise errors.WalletTooLow(**error.facts) from error


@atomic
def _let_go(subscription_id: int, *, now: datetime, reason: str) -> Subscription:
    subscription = locked(subscription_id)
    subscription.claimed_until = None
    note(subscription=subscription, what=What.NOTE, now=now, reason=reason)
    return subscription


def _recorded(subscription_id: int, paid: Transaction, *, now: datetime) -> Subscription:
    if paid.captured_at is not None:
        with atomic():
            return change_captured(transaction_id=paid.pk, subscription_id=subscription_id)
    if paid.status in {Status.FAILED, Status.CANCELLED, Status.REQUIRES_ACTION, Status.EXPIRED}:
        _let_go(subscription_id, now=now, reason="The change of plan was not paid")
        raise errors.ChargeDeclined(
            transaction=str(paid.public_id), status=paid.status, reason=paid.failure_reason
        )
    return Subscription.objects.get(pk=subscription_id)
