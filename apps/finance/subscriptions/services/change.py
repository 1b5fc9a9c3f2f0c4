"""Another plan or interval: at once with proration, or with the next period."""

from __future__ import annotations

from dataclasses import replace
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
from apps.finance.payments.selectors.steps import next_step
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import RenewsBy, State, What
from apps.finance.subscriptions.models import Price, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules import subjects
from apps.finance.subscriptions.rules.proration import ChangeKind
from apps.finance.subscriptions.selectors.changes import (
    ChangeQuote,
    agreed_quote,
    buyer_of,
    changes_asked,
    is_being_charged,
    subject_of,
)
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.changed import (
    Change,
    apply_change,
    as_agreed,
    change_captured,
)
from apps.finance.subscriptions.services.move import locked, note, own
from apps.finance.subscriptions.services.price_notices import tell_again
from apps.finance.subscriptions.services.standing import due_of

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
    once, and goes on where a crash left it. What an earlier change still waits for its payer's
    word for is given up.

    :raises SubscriptionNotFound: it is another person's, or none
    :raises QuoteMoved: the quote is older than 15 minutes, or comes out otherwise now
    :raises ChangeNotOffered, PlanNotFound and more: see ``selectors.change_quote``
    :raises KeyReused: the key asked for another price
    :raises WrongState: a charge for it is under way
    :raises WalletTooLow: the wallet does not hold the difference
    :raises ChargeDeclined: the stored means was declined
    :raises ConfirmationNeeded: the bank wants its owner's word, at ``url``; with it, it changes
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
            attempt_key="try:1",
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
    tell_again(subscription, now=now)
    note(
        subscription=subscription,
        what=What.CHANGE_PLANNED,
        now=now,
        by=fan.user,
        reason="Taken back",
    )
    tell.mail(subscription, "changed", key=f"kept:{now.isoformat()}", now=now, kept=True)
    tell.changed(subscription, What.CHANGE_PLANNED)
    return subscription


@joins_transaction
def _begun(
    subscription: Subscription, price: Price, token: str, key: str, now: datetime
) -> Change | None:
    """Do all that needs no network; return what is to be charged by stored means, if anything."""
    lines = subscription.history.filter(facts__key=key)
    if lines.exclude(facts__has_key="asked_at").exists():
        return None
    before = lines.order_by("-id").first()
    if before is not None and before.facts["price"] != price.pk:
        raise errors.KeyReused(subscription=str(subscription.public_id))
    _make_room(subscription, before, now)
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
        terms=quote.terms,
    )
    if not asked.charge:
        apply_change(subscription, asked, paid=None, now=now, by=subscription.fan.user)
        return None
    by_means = subscription.renews_by == RenewsBy.MEANS
    if by_means:
        subscription.claimed_until = now + CLAIMED_FOR
        subscription.due_at = due_of(subscription)
    asked = _written_down(subscription, asked, before, now)
    if by_means:
        return asked
    paid = _from_wallet(subscription, asked, now)
    apply_change(subscription, asked, paid=paid, now=now, by=subscription.fan.user)
    return None


@joins_transaction
def _make_room(
    subscription: Subscription, before: SubscriptionEvent | None, now: datetime
) -> None:
    """Give up what waits for the payer's word of changes that were agreed to before; the one that
    is asked for again with its key goes on.

    :raises WrongState: a charge is under way
    """
    newest = changes_asked(subscription).first()
    if newest is not None and newest == before:
        return
    for line in changes_asked(subscription):
        payments.give_up_waiting(
            payer=subscription.fan, subject=subject_of(line), now=now, reason="Another was chosen"
        )
    if is_being_charged(subscription, now=now):
        raise errors.WrongState(state=subscription.state, why="a charge is under way")


@joins_transaction
def _written_down(
    subscription: Subscription, asked: Change, before: SubscriptionEvent | None, now: datetime
) -> Change:
    """From here on its payment has a name, whoever dies where."""
    if before is not None:
        subscription.save(update_fields=["claimed_until", "due_at"])
        return as_agreed(before)
    line = note(
        subscription=subscription,
        what=What.NOTE,
        now=now,
        by=subscription.fan.user,
        reason="A change of plan is charged",
        facts=asked.as_facts(),
    )
    return replace(asked, line=line.pk)


@joins_transaction
def _plan(subscription: Subscription, quote: ChangeQuote, key: str, now: datetime) -> None:
    subscription.next_plan, subscription.next_price = quote.price.plan, quote.price
    note(
        subscription=subscription,
        what=What.CHANGE_PLANNED,
        now=now,
        by=subscription.fan.user,
        facts={
            "key": key,
            "to": str(quote.price.public_id),
            "kind": quote.kind.value,
            "terms": quote.terms,
        },
    )
    tell_again(subscription, now=now)
    tell.planned(subscription, quote.price, effective_at=quote.effective_at, now=now)
    tell.changed(subscription, What.CHANGE_PLANNED)


def _purchase(subscription: Subscription, asked: Change) -> payments.Purchase:
    subject = subjects.of_change(subscription.pk, asked.number, asked.line)
    return payments.Purchase(
        fan=subscription.fan,
        creator=subscription.creator,
        kind=Kind.SUBSCRIPTION,
        amount=asked.charge,
        subject=subject,
        idempotency_key=subject,
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
def _let_go(subscription_id: int, *, now: datetime, reason: str) -> None:
    subscription = locked(subscription_id)
    subscription.claimed_until = None
    if subscription.state in {State.TRIALING, State.ACTIVE}:
        subscription.due_at = due_of(subscription)
    note(subscription=subscription, what=What.NOTE, now=now, reason=reason)


def _recorded(subscription_id: int, paid: Transaction, *, now: datetime) -> Subscription:
    if paid.captured_at is not None:
        with atomic():
            return change_captured(transaction_id=paid.pk, subscription_id=subscription_id)
    if paid.status == Status.REQUIRES_ACTION:
        _let_go(subscription_id, now=now, reason="The bank wants the fan to confirm the charge")
        step = next_step(paid)
        raise errors.ConfirmationNeeded(transaction=str(paid.public_id), url=step.url)
    if paid.status in {Status.FAILED, Status.CANCELLED, Status.EXPIRED}:
        _let_go(subscription_id, now=now, reason="The change of plan was not paid")
        raise errors.ChargeDeclined(
            transaction=str(paid.public_id), status=paid.status, reason=paid.failure_reason
        )
    return Subscription.objects.get(pk=subscription_id)
