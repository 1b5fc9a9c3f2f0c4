"""A change of plan that is paid, or costs nothing, takes hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from apps.accounts.models import User
from apps.core.db import joins_transaction
from apps.core.money import Money
from apps.finance.payments.selectors.paid import is_kept, payment_by_id
from apps.finance.subscriptions.choices import (
    Consent,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Period, Price, Subscription, SubscriptionEvent
from apps.finance.subscriptions.rules import periods, pricing, subjects, terms
from apps.finance.subscriptions.selectors import promotions
from apps.finance.subscriptions.selectors.changes import changes_asked
from apps.finance.subscriptions.services import tell
from apps.finance.subscriptions.services.first_payment import give_back
from apps.finance.subscriptions.services.move import locked, move
from apps.finance.subscriptions.services.price_notices import tell_again
from apps.finance.subscriptions.services.standing import due_of, settle

if TYPE_CHECKING:
    from apps.finance.payments.models import Transaction

#: A period lasts an instant at least.
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Change:
    """What was agreed to at ``at``, in period ``number``; ``key`` is the fan's, ``terms`` are the
    words, ``line`` is that of history it is written down in."""

    price_id: int
    credit: Money
    charge: Money
    what: What
    at: datetime
    number: int
    key: str
    terms: str
    line: int = 0

    def as_facts(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "price": self.price_id,
            "credit_minor": self.credit.minor,
            "charge_minor": self.charge.minor,
            "currency": self.charge.currency,
            "change": self.what.value,
            "asked_at": self.at.isoformat(),
            "period": self.number,
            "terms": self.terms,
        }


def as_agreed(line: SubscriptionEvent) -> Change:
    """Return the change that a line of history says was agreed to."""
    facts = line.facts
    return Change(
        price_id=facts["price"],
        credit=Money(facts["credit_minor"], facts["currency"]),
        charge=Money(facts["charge_minor"], facts["currency"]),
        what=What(facts["change"]),
        at=datetime.fromisoformat(facts["asked_at"]),
        number=facts["period"],
        key=facts["key"],
        terms=facts.get("terms", ""),
        line=line.pk,
    )


@joins_transaction
def change_captured(*, transaction_id: int, subscription_id: int) -> Subscription:
    """
    Let the change take hold whose charge was captured. Where the subscription is not what it was
    when that was agreed to (it ended, was cancelled, renewed or is being renewed), or the money
    is on its way back already, it does not and the money goes back. Told again, it changes
    nothing.
    """
    subscription = locked(subscription_id)
    if Period.objects.filter(transaction_id=transaction_id).exists():
        return subscription
    paid = payment_by_id(transaction_id)
    if paid.captured_at is None:
        return subscription
    asked = _asked(subscription, paid)
    if asked is not None and _is_newest(subscription, asked):
        subscription.claimed_until = None
    if asked is not None and _still_fits(subscription, asked) and is_kept(paid):
        apply_change(subscription, asked, paid=paid, now=paid.captured_at, by=None)
        return subscription
    if subscription.state in {State.TRIALING, State.ACTIVE}:
        subscription.due_at = due_of(subscription)
    subscription.save(update_fields=["claimed_until", "due_at"])
    give_back(subscription, paid, why="A change that came too late", now=paid.captured_at)
    return subscription


def _asked(subscription: Subscription, paid: Transaction) -> Change | None:
    named = subjects.read(paid.subject)
    if named is None:
        return None
    line = subscription.history.filter(pk=named.line, facts__has_key="asked_at").first()
    return None if line is None else as_agreed(line)


def _is_newest(subscription: Subscription, asked: Change) -> bool:
    """Or else the claim is that of another change."""
    newest = changes_asked(subscription).first()
    return newest is None or newest.pk == asked.line


def _still_fits(subscription: Subscription, asked: Change) -> bool:
    return (
        subscription.period_number == asked.number
        and subscription.state in {State.TRIALING, State.ACTIVE}
        and not subscription.cancel_at_end
        and not subscription.periods.filter(number__gt=asked.number).exists()
    )


@joins_transaction
def apply_change(
    subscription: Subscription,
    asked: Change,
    *,
    paid: Transaction | None,
    now: datetime,
    by: User | None,
) -> None:
    """Close the running period of a locked subscription and begin the one that was changed to."""
    price = Price.objects.select_related("plan").get(pk=asked.price_id)
    old = subscription.amount
    current = subscription.periods.get(number=subscription.period_number)
    current.until_at = max(asked.at, current.from_at + _INSTANT)
    current.save(update_fields=["until_at"])
    number = subscription.period_number + 1
    begins = current.until_at
    first = periods.beginning(
        at=begins, months=price.months, alignment=price.plan.alignment, zone=subscription.timezone
    )
    Period.objects.create(
        subscription=subscription,
        number=number,
        from_at=begins,
        until_at=first.until,
        kind=PeriodKind.PAID,
        state=PeriodState.PAID,
        amount_minor=asked.charge.minor,
        credit_minor=asked.credit.minor,
        currency=price.currency,
        transaction=paid,
        at=now,
        paid_at=now,
    )
    _set_price(subscription, price)
    tell_again(subscription, now=now)
    subscription.terms, subscription.terms_hash = asked.terms, terms.hash_of(asked.terms)
    subscription.terms_agreed_at = asked.at
    subscription.current_from, subscription.current_until = begins, first.until
    subscription.anchored_at = first.anchor.at
    subscription.anchored_number = first.anchor.number + number - 1
    subscription.period_number, subscription.tries = number, 0
    # Of the end of the period before: this one has its own.
    subscription.held_why, subscription.reminded_at = "", None
    if price.months == 0:
        subscription.renews_by, subscription.means = RenewsBy.NOBODY, None
    before, subscription.state = subscription.state, State.ACTIVE
    settle(subscription, now=now, why=asked.what.label, by=by)
    subscription.state = before
    move(
        subscription=subscription,
        target=State.ACTIVE,
        what=asked.what,
        now=now,
        by=by,
        facts={
            "key": asked.key,
            "credit": str(asked.credit),
            "charge": str(asked.charge),
            "period": number,
        },
    )
    _tell(subscription, old, asked, paid, now=now)


def _set_price(subscription: Subscription, price: Price) -> None:
    promotion = subscription.promotion
    left = subscription.promotion_left
    if promotion is None or left == 0 or not promotions.fits_price(promotion, price):
        subscription.promotion, subscription.promotion_left = None, None
    else:
        subscription.promotion_left = pricing.left_after(left)
    subscription.plan, subscription.price = price.plan, price
    subscription.tier, subscription.months = price.plan.tier, price.months
    subscription.amount_minor = price.amount_minor
    subscription.next_plan = subscription.next_price = subscription.price_change = None
    subscription.consent = Consent.NOT_NEEDED


def _tell(
    subscription: Subscription,
    old: Money,
    asked: Change,
    paid: Transaction | None,
    *,
    now: datetime,
) -> None:
    amount = paid.amount.formatted if paid else asked.charge.formatted
    tax = paid.tax.formatted if paid and paid.tax_minor else ""
    number = str(subscription.period_number)
    tell.mail(
        subscription,
        "changed",
        key=number,
        now=now,
        old_price=old.formatted,
        effective_on=tell.day_of(subscription, subscription.current_from),
        amount=amount,
        tax=tax,
    )
    if paid is not None:
        tell.mail(
            subscription,
            "receipt",
            key=number,
            now=now,
            amount=amount,
            tax=tax,
            paid_on=tell.day_of(subscription, now),
        )
    tell.changed(subscription, asked.what)
