"""Stories about subscriptions under a controlled clock: who does what when, and what was charged.

A story is a row of data: steps with their dates, and what must come of them to the cent and the
day. The stage plays it with the real services: the clock jumps from one thing that is due to the
next, as the beat would find them. What is charged is read from the payments and from the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from django.db import transaction

from apps.accounts.models import Profile
from apps.core import events
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, Method
from apps.finance.payments.models import PaymentMethod, Transaction
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.payments.services.move import capture
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import Alignment
from apps.finance.subscriptions.models import Plan, Subscription
from apps.finance.subscriptions.selectors import quotes
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.stops import stop_gateways
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from apps.notifications.services import send_due
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.charging import an_account, stored_means
from tests.finance.subscriptions.scenarios import clock
from tests.given import a_deposit

Step = Callable[["Stage"], None]
#: Things due one after another at one moment; more means that the machine turns in a circle.
MOST_TURNS = 12
MOST_OF_DEPOSIT = 10_000_00


@dataclass(frozen=True)
class Story:
    """``charges`` are lines "2027-01-31 10.00"; ``state`` may say why it ended; ``mails`` are
    kinds with the days they went to the fan, where the story is about them."""

    title: str
    steps: tuple[tuple[str, Step], ...]
    until: str
    charges: tuple[str, ...]
    state: str = "ACTIVE"
    paid_until: str = ""
    by: str = "wallet"
    months: int = 1
    price: str = "10.00"
    plan: dict[str, Any] = field(default_factory=dict)
    wallet: str = "700.00"
    zone: str = "UTC"
    mails: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.title


class Stage:
    """One fan, one creator, one plan; and the hands that the steps of a story use."""

    def __init__(self, story: Story, sandbox: Any = None) -> None:
        self.story, self.sandbox = story, sandbox
        self.now = clock.at(story.steps[0][0]) - timedelta(hours=1)
        self.keys, self.times_heard = 0, 1
        #: When the beat finds work that no subscription's own dates tell of.
        self.alarms: list[datetime] = []
        with time_machine.travel(self.now, tick=False):
            self.fan: Profile = ProfileFactory.create(user__age_state="ADULT")
            self.creator: Profile = CreatorFactory.create(cluster=self.fan.cluster)
            self.plan = self._plan()
            self.price = self.plan.prices.get()
            self.means: PaymentMethod | None = None
            if story.by == "wallet":
                forget_candidates()
                MerchantAccountFactory.create(cluster=self.fan.cluster, most_minor=MOST_OF_DEPOSIT)
                self.top_up(story.wallet)
            elif story.by == "gateway":
                forget_candidates()
                MerchantAccountFactory.create(cluster=self.fan.cluster)
            else:
                an_account(self.fan)
                self.means = stored_means(sandbox, self.fan, now=datetime.now(UTC))
                self.settle()
        self.at_start = Transaction.objects.order_by("-id").values_list("id", flat=True).first()

    def _plan(self) -> Plan:
        given = dict(self.story.plan)
        if "trial" in given:
            given["trial"] = Money.of(given["trial"], "USD")
        return services.create_plan(
            creator=self.creator,
            name="Monthly",
            alignment=Alignment(given.pop("alignment", "ANNIVERSARY")),
            prices=[services.Offered(self.story.months, Money.of(self.story.price, "USD"))],
            by=self.creator.user,
            now=datetime.now(UTC),
            **given,
        )

    # --- What steps do --------------------------------------------------------------
    def key(self) -> str:
        self.keys += 1
        return f"step-{self.keys}"

    def add_price(self, amount: str, months: int, plan: Plan | None = None) -> Any:
        return services.set_price(
            plan=plan or self.plan,
            months=months,
            amount=Money.of(amount, "USD"),
            by=self.creator.user,
            now=datetime.now(UTC),
        )

    def top_up(self, amount: str) -> None:
        """A deposit by card, as the gateway's news would bring it."""
        deposit = a_deposit(self.fan, amount, now=self.now, key=self.key())
        with transaction.atomic():
            sale = Transaction.objects.select_for_update().get(pk=deposit.pk)
            capture(transaction=sale, now=self.now, reason="Paid", reference=self.key())

    @property
    def subscription(self) -> Subscription:
        return Subscription.objects.filter(fan=self.fan).latest("id")

    def subscribe(self, code: str = "", price: Any = None) -> Subscription:
        method = Method.WALLET if self.story.by == "wallet" else Method.CARD
        price = price or self.price
        offer = quotes.offer(
            fan=self.fan,
            price=price,
            code=code,
            method=method,
            now=self.now,
            timezone=self.story.zone,
            means=self.means,
        )
        pay_by = payments.PayBy(kind=AttemptKind.STORED, means=self.means) if self.means else None
        made = services.subscribe(
            fan=self.fan,
            price=price,
            method=method,
            code=code,
            terms_hash=offer.terms_hash,
            total_seen=offer.total,
            idempotency_key=self.key(),
            now=self.now,
            pay_by=pay_by,
            timezone=self.story.zone,
        )
        if made.first_transaction is None or made.state != "INCOMPLETE":
            return made
        if self.means:
            payments.charge(transaction=made.first_transaction, now=self.now)
        else:
            self.sandbox.pay(
                payments.checkout_url(transaction=made.first_transaction, now=self.now)
            )
            self.hear()
        self.settle()
        return made

    # --- A gateway that renews by itself --------------------------------------------
    def hear(self) -> None:
        """Take what the gateway sends, as often as it is sent, and let all of it be told on."""
        for held in self.sandbox.take_webhooks():
            for _ in range(self.times_heard):
                payments.receive_webhook(
                    gateway="ccbill",
                    query=held["query"],
                    headers={"Content-Type": held["content_type"]},
                    body=held["body"].encode(),
                    remote_ip="127.0.0.1",
                    now=self.now,
                )
        payments.process_webhooks(now=self.now)
        self.settle()

    def at_the_gateway(self, act: str, **given: Any) -> None:
        self.sandbox.stop_clock(self.now.isoformat())
        self.sandbox.act("ccbill", act, order=self.order, **given)
        self.hear()

    def sale_there(self) -> dict[str, Any]:
        charge: dict[str, Any]
        [charge] = self.sandbox.charges(self.order)
        return charge

    @property
    def order(self) -> str:
        first = self.subscription.first_transaction
        assert first is not None
        return str(first.public_id)

    # --- The clock ------------------------------------------------------------------
    def play(self) -> None:
        for when, step in self.story.steps:
            self.run_until(clock.at(when))
            with time_machine.travel(self.now, tick=False):
                step(self)
                self.tick()
        self.run_until(clock.at(self.story.until))

    def run_until(self, moment: datetime) -> None:
        """Let the machine do what is due, at the moment it is due, up to ``moment``."""
        turns = 0
        while (due := self._next_due()) is not None and due <= moment:
            turns = turns + 1 if due <= self.now else 0
            assert turns < MOST_TURNS, f"the machine turns in a circle at {self.now}"
            self.now = max(self.now, due)
            with time_machine.travel(self.now, tick=False):
                self.tick()
        self.now = max(self.now, moment)

    def tick(self) -> None:
        """What beat starts, in the order in which it might come."""
        remind_due(now=self.now)
        services.tell_price_changes(now=self.now)
        bill_due(now=self.now)
        stop_gateways(now=self.now)
        send_due(now=self.now)
        self.settle()

    def settle(self) -> None:
        """Deliver what was told, until nothing more is said."""
        while events.sweep(now=datetime.now(UTC) + timedelta(minutes=1)):
            pass

    def _next_due(self) -> datetime | None:
        rows = Subscription.objects.filter(fan=self.fan).values_list("due_at", "remind_at")
        found = [moment for row in rows for moment in row if moment is not None]
        mails = Message.objects.filter(user_id=self.fan.user_id, state="QUEUED")
        found += mails.filter(send_at__gt=self.now).values_list("send_at", flat=True)
        return min(found + [alarm for alarm in self.alarms if alarm > self.now], default=None)

    # --- What came of it ------------------------------------------------------------
    def sold(self) -> list[Transaction]:
        found = Transaction.objects.filter(payer=self.fan, captured_at__isnull=False)
        found = found.filter(subject__startswith="subscription:")
        return list(found.order_by("captured_at", "id"))

    def charges(self) -> tuple[str, ...]:
        return tuple(
            f"{clock.day(sale.captured_at)} {sale.amount.decimal}" for sale in self.sold()
        )

    def sees(self) -> bool:
        thing = entitlements.Thing(ref="post:1", creator_id=self.creator.pk, least_tier=1)
        [access] = entitlements.access_to(self.fan.pk, [thing], now=self.now)
        return access.allowed

    def mailed(self, kind: str) -> tuple[str, ...]:
        found = Message.objects.filter(user_id=self.fan.user_id, kind=kind).order_by("id")
        return tuple(clock.day(moment) for moment in found.values_list("queued_at", flat=True))

    def earned(self) -> int:
        return ledger.balance_of(postings.creator_payable(self.creator.pk), "USD").minor
