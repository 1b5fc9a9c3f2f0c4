"""Subscriptions with a past, written by the hand that writes it everywhere: ``services.move``."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.subscriptions.choices import (
    EndReason,
    PeriodKind,
    PeriodState,
    RenewsBy,
    State,
    What,
)
from apps.finance.subscriptions.models import Period, Price, Subscription
from apps.finance.subscriptions.rules.calendar import add_months
from apps.finance.subscriptions.rules.subjects import of_change, of_period
from apps.finance.subscriptions.services.move import mark_ended, move, note
from tests.factories.accounts import ProfileFactory

_keys = itertools.count(1)
_deposits = itertools.count(700_000_001)


def a_fan_with_money(now: datetime, amount: str = "10000.00", **traits: Any) -> Profile:
    """A fan of age with so much in the wallet."""
    fan: Profile = ProfileFactory.create(**traits)
    with transaction.atomic():
        ledger.post(
            postings.wallet_deposit(
                transaction_id=next(_deposits),
                fan_id=fan.pk,
                gateway="ccbill",
                amount=Money.of(amount, "USD"),
                processing_fee=Money.zero("USD"),
                cluster=fan.cluster.slug,
            ),
            now=now,
        )
    return fan


class History:
    """One subscription, step by step; what it pays is sold from the fan's wallet, and booked."""

    def __init__(self, fan: Profile, price: Price, *, at: datetime) -> None:
        plan = price.plan
        self.it = Subscription(
            fan=fan,
            creator=plan.creator,
            cluster=plan.cluster,
            plan=plan,
            price=price,
            tier=plan.tier,
            months=price.months,
            amount_minor=price.amount_minor,
            currency=price.currency,
            renews_by=RenewsBy.WALLET,
            idempotency_key=f"history-{next(_keys)}",
            created_at=at,
        )
        self.move(State.INCOMPLETE, What.STARTED, at)

    def move(self, target: State, what: What, at: datetime, **more: Any) -> None:
        with transaction.atomic():
            move(subscription=self.it, target=target, what=what, now=at, **more)

    def note(self, what: What, at: datetime, **more: Any) -> None:
        with transaction.atomic():
            note(subscription=self.it, what=what, now=at, **more)

    def period(
        self,
        at: datetime,
        *,
        until: datetime | None = None,
        kind: PeriodKind = PeriodKind.PAID,
        state: PeriodState = PeriodState.PAID,
        minor: int | None = None,
        occasion: Occasion = Occasion.RENEWAL,
    ) -> Period:
        it = self.it
        minor = it.amount_minor if minor is None else minor
        number = it.period_number + 1
        until = until or (add_months(at, it.months) if it.months else None)
        paid = state == PeriodState.PAID
        sold = None
        if paid and minor:
            with transaction.atomic():
                sold = payments.sell_from_wallet(
                    payments.Purchase(
                        fan=it.fan,
                        creator=it.creator,
                        kind=Kind.SUBSCRIPTION,
                        amount=Money(minor, it.currency),
                        subject=of_change(it.pk, number - 1, 1)
                        if occasion == Occasion.CHANGE
                        else of_period(it.pk, number),
                        idempotency_key=f"subscription:{it.pk}:period:{number}:try:1",
                        occasion=occasion,
                    ),
                    now=at,
                )
        made = Period(
            subscription=it,
            number=number,
            from_at=at,
            until_at=until,
            kind=kind,
            state=state,
            amount_minor=minor,
            currency=it.currency,
            transaction=sold,
            at=at,
            paid_at=at if paid else None,
        )
        made.save()
        it.period_number, it.current_from, it.current_until = number, at, until
        it.due_at = until
        return made

    # --- What may happen -------------------------------------------------------------------

    def begins(self, at: datetime, **period: Any) -> History:
        self.period(at, occasion=Occasion.FIRST, **period)
        self.it.started_at = self.it.anchored_at = at
        self.it.anchored_number = 1
        self.move(State.ACTIVE, What.ACTIVATED, at)
        return self

    def tries(self, at: datetime, until: datetime) -> History:
        self.period(at, until=until, kind=PeriodKind.TRIAL, minor=0)
        self.it.started_at, self.it.trial_ends_at = at, until
        self.move(State.TRIALING, What.TRIAL_BEGAN, at)
        return self

    def renews(self, at: datetime, **period: Any) -> History:
        self.period(at, **period)
        self.move(State.ACTIVE, What.RENEWED, at)
        return self

    def declines(self, at: datetime) -> History:
        self.period(at, state=PeriodState.OPEN)
        self.it.tries += 1
        self.move(State.PAST_DUE, What.DECLINED, at)
        return self

    def recovers(self, at: datetime) -> History:
        Period.objects.filter(subscription=self.it, number=self.it.period_number).delete()
        self.it.period_number -= 1
        self.period(at)
        self.it.tries = 0
        self.move(State.ACTIVE, What.RECOVERED, at)
        return self

    def changes_to(
        self, price: Price, at: datetime, *, what: What, minor: int | None = None
    ) -> History:
        it = self.it
        it.plan, it.price, it.tier = price.plan, price, price.plan.tier
        it.months, it.amount_minor, it.currency = price.months, price.amount_minor, price.currency
        self.period(at, minor=minor, occasion=Occasion.CHANGE)
        self.note(what, at)
        return self

    def pauses(self, at: datetime) -> History:
        self.it.paused_at = at
        self.move(State.PAUSED, What.PAUSED, at)
        return self

    def resumes(self, at: datetime) -> History:
        self.it.paused_at = None
        self.move(State.ACTIVE, What.RESUMED, at)
        return self

    def ends(self, at: datetime, why: EndReason = EndReason.CANCELLED) -> History:
        with transaction.atomic():
            mark_ended(subscription=self.it, why=why, now=at)
            move(subscription=self.it, target=State.ENDED, what=What.ENDED, now=at)
        return self
