"""What people do in stories. Each returns a step: something that happens on the stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.payments.rules.refunds import RefundReason
from apps.finance.payments.services.refunds import request_refund
from apps.finance.subscriptions import services
from apps.finance.subscriptions.choices import Alignment, Audience, Discount, EndReason
from apps.finance.subscriptions.rules.pricing import NOTICE_MOST
from apps.finance.subscriptions.selectors.changes import change_quote
from tests.factories.accounts import StaffFactory
from tests.finance.payments.charging import stored_means
from tests.finance.payments.refunding import a_policy
from tests.finance.subscriptions.scenarios import clock
from tests.finance.subscriptions.scenarios.stage import Stage, Step


def by_the_fan(service: Callable[..., object], **more: object) -> Step:
    """What fans do with their own subscription."""

    def act(stage: Stage) -> None:
        service(subscription_id=stage.subscription.public_id, fan=stage.fan, now=stage.now, **more)

    return act


def subscribe(code: str = "") -> Step:
    def act(stage: Stage) -> None:
        stage.subscribe(code)

    return act


def cancel() -> Step:
    return by_the_fan(services.cancel)


def uncancel() -> Step:
    return by_the_fan(services.uncancel)


def pause(until: str) -> Step:
    return by_the_fan(services.pause, until=clock.at(until))


def resume() -> Step:
    return by_the_fan(services.resume)


def stand_still(until: str) -> Step:
    """Nothing of ours runs until then."""

    def act(stage: Stage) -> None:
        stage.now = clock.at(until)

    return act


def top_up(amount: str) -> Step:
    return lambda stage: stage.top_up(amount)


def change_to(price: str, *, months: int = 1, tier: int = 1) -> Step:
    """Switch to another plan of the creator, or to another price of the same plan."""

    def act(stage: Stage) -> None:
        plan = stage.plan
        if tier != plan.tier:
            plan = services.create_plan(
                creator=stage.creator, name=f"Tier {tier}", tier=tier,
                alignment=Alignment(plan.alignment), by=stage.creator.user, now=stage.now,
            )  # fmt: skip
        wanted = stage.add_price(price, months, plan)
        quote = change_quote(subscription=stage.subscription, price=wanted, now=stage.now)
        services.change(
            subscription_id=stage.subscription.public_id, fan=stage.fan, price=wanted,
            token=quote.token, idempotency_key=stage.key(), now=stage.now,
        )  # fmt: skip
        stage.settle()

    return act


def promote(code: str = "", **terms: Any) -> Step:
    """The creator offers something: ``promote("HALF", percent=50, periods=3)``."""

    def act(stage: Stage) -> None:
        amount = terms.get("amount")
        services.create_promotion(
            creator=stage.creator,
            name=code or "Open offer",
            code=code,
            discount=Discount.AMOUNT if amount else Discount.PERCENT,
            percent_bps=terms.get("percent", 0) * 100,
            amount=Money.of(amount, "USD") if amount else None,
            periods=terms.get("periods", 1),
            months=terms.get("months"),
            audience=Audience(terms.get("audience", "ALL")),
            ends_at=clock.at(terms["ends"]) if "ends" in terms else None,
            by=stage.creator.user,
            now=stage.now,
        )

    return act


def sees() -> Step:
    def act(stage: Stage) -> None:
        assert stage.sees(), f"has no access at {stage.now}"

    return act


def sees_nothing() -> Step:
    def act(stage: Stage) -> None:
        assert not stage.sees(), f"has access at {stage.now}"

    return act


def refused(step: Step, error: type[DomainError]) -> Step:
    """Somebody tries, and is told why not; nothing is charged by it."""

    def act(stage: Stage) -> None:
        before = stage.charges()
        with pytest.raises(error):
            step(stage)
        assert stage.charges() == before

    return act


def issuer(code: str) -> Step:
    """From now on the issuer answers charges of the stored card so; "" approves them."""

    def act(stage: Stage) -> None:
        stage.sandbox.control("peers/nmi/issuer", code=code)

    return act


def another_card() -> Step:
    """The fan stores another card and pays with it from now on."""

    def act(stage: Stage) -> None:
        means = stored_means(stage.sandbox, stage.fan, now=stage.now, key=stage.key())
        stage.settle()
        stage.means = means
        services.change_means(
            subscription_id=stage.subscription.public_id, fan=stage.fan, to=means, now=stage.now
        )
        stage.settle()

    return act


def pays_from_the_wallet() -> Step:
    return by_the_fan(services.change_means, to="WALLET")


def ended_by_staff(*, refund: bool = False) -> Step:
    def act(stage: Stage) -> None:
        services.end_subscription(
            subscription_id=stage.subscription.public_id,
            by=StaffFactory.create(role="finance"),
            why=EndReason.STAFF,
            reason="asked for by mail",
            refund=refund,
            now=stage.now,
        )

    return act


def the_machine_is_down(until: str, *, then: Step | None = None) -> Step:
    """Nothing of the platform's clock runs until then; ``then`` happens right before it does."""

    def act(stage: Stage) -> None:
        stage.now = clock.at(until)
        if then is not None:
            with time_machine.travel(stage.now, tick=False):
                then(stage)

    return act


def both(*steps: Step) -> Step:
    def act(stage: Stage) -> None:
        for step in steps:
            step(stage)

    return act


def withdraw_change() -> Step:
    return by_the_fan(services.withdraw_change)


def new_price(amount: str, *, since: str = "") -> Step:
    """The creator sets another price; with ``since`` those who subscribe already pay it too."""

    def act(stage: Stage) -> None:
        old = stage.price
        new = stage.add_price(amount, old.months)
        if since:
            services.plan_price_change(
                old_price=old, new_price=new, effective_at=clock.at(since),
                by=stage.creator.user, now=stage.now,
            )  # fmt: skip
            stage.alarms.append(clock.at(since) - NOTICE_MOST)

    return act


def agree() -> Step:
    return by_the_fan(services.agree_to_price)


def refuse_price() -> Step:
    return by_the_fan(services.refuse_price)


# --- At a gateway that renews by itself ---------------------------------------------
def renewed_there() -> Step:
    """The gateway charges the next period and tells."""
    return lambda stage: stage.at_the_gateway("renew")


def declined_there() -> Step:
    return lambda stage: stage.at_the_gateway("renew", declined=True)


def heard_twice(step: Step) -> Step:
    """What the gateway tells comes twice."""

    def act(stage: Stage) -> None:
        stage.times_heard = 2
        step(stage)
        stage.times_heard = 1

    return act


def still_renews_there() -> Step:
    def act(stage: Stage) -> None:
        assert not stage.sale_there()["cancelled_at"]

    return act


def stopped_there() -> Step:
    def act(stage: Stage) -> None:
        assert stage.sale_there()["cancelled_at"]

    return act


# --- Money goes back ----------------------------------------------------------------
def refunded(amount: str, *, of: int = -1, why: RefundReason = RefundReason.ASKED) -> Step:
    """Staff give back so much of a charge, the last one unless told otherwise."""

    def act(stage: Stage) -> None:
        sale = stage.sold()[of]
        a_policy(now=stage.now)
        request_refund(
            transaction_id=sale.pk,
            amount=Money.of(amount, "USD"),
            reason_code=why,
            reason="The fan asked",
            key=stage.key(),
            by=StaffFactory.create(role="finance"),
            now=stage.now,
        )

    return act


def charged_back() -> Step:
    """The fan's bank takes the first charge back."""
    return lambda stage: stage.at_the_gateway("chargeback", amount="10.00")
