"""Another way to pay, chosen while a charge waits for its fan or for the gateway's word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.core import http
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.rules.waiting import ASK_AFTER_SILENCE
from apps.finance.risk import services as risk
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import RenewsBy, State
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.services.tick import bill_due
from sandbox.faults import FaultProxy
from tests.factories.accounts import StaffFactory
from tests.finance.payments.charging import an_account, call_through, sales_of, stored_means
from tests.finance.payments.refunding import captured
from tests.finance.risk.made import live
from tests.finance.subscriptions.test_change_waits import by_card
from tests.given import a_funded_wallet
from tests.given_subscriptions import delivered, fresh, wallet_of

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def whole_breakers() -> Iterator[None]:
    http.reset_breakers()
    yield
    http.reset_breakers()


def renewals(subscription: Subscription) -> list[Transaction]:
    found = Transaction.objects.filter(payer=subscription.fan, occasion="RENEWAL")
    return list(found.order_by("id"))


def who(subscription: Subscription) -> dict[str, Any]:
    return {"subscription_id": subscription.public_id, "fan": subscription.fan}


def until_of(subscription: Subscription) -> datetime:
    until = fresh(subscription).current_until
    assert until is not None
    return until


@pytest.fixture
def waits(sandbox: Any, now: datetime) -> tuple[Subscription, datetime]:
    """One whose bank wants the fan's word for its renewal, once; and when that was."""
    subscription = by_card(sandbox, now=now)
    due = until_of(subscription) + MINUTE
    rule = live("LARGE_AMOUNT", 45, now=now, currency="USD", more_than=1)
    assert bill_due(now=due).declined == 1
    risk.retire_rule(rule_id=rule.pk, by=StaffFactory.create(role="finance"), reason="t", now=due)
    assert [sale.status for sale in renewals(subscription)] == [Status.REQUIRES_ACTION]
    assert fresh(subscription).state == State.PAST_DUE
    return subscription, due


def test_another_card_is_charged_at_once(
    sandbox: Any, waits: tuple[Subscription, datetime]
) -> None:
    subscription, due = waits
    an_account(subscription.fan)
    card = stored_means(sandbox, subscription.fan, now=due, key="other")
    services.change_means(**who(subscription), to=card, now=due + MINUTE)
    assert bill_due(now=due + MINUTE).renewed == 1
    first, second = renewals(subscription)
    assert (first.status, second.status) == (Status.CANCELLED, Status.CAPTURED)
    assert len(sales_of(sandbox, second)) == 1
    assert fresh(subscription).state == State.ACTIVE


def test_the_wallet_pays_and_a_late_word_of_the_bank_goes_back_without_ending_anything(
    waits: tuple[Subscription, datetime],
) -> None:
    subscription, due = waits
    a_funded_wallet(subscription.fan, "31.00", now=due)
    services.change_means(**who(subscription), to="WALLET", now=due + MINUTE)
    assert bill_due(now=due + MINUTE).renewed == 1
    paid_until, first = until_of(subscription), renewals(subscription)[0]
    assert first.status == Status.CANCELLED
    services.cancel(**who(subscription), now=due + HOUR)

    captured(first, now=due + 2 * HOUR)
    delivered(now=due + 2 * HOUR)

    assert Refund.objects.get().transaction_id == first.pk
    after = fresh(subscription)
    assert (after.state, after.due_at, after.current_until) == (
        State.ACTIVE, paid_until, paid_until,
    )  # fmt: skip
    bill_due(now=due + 3 * HOUR)
    assert fresh(subscription).state == State.ACTIVE
    bill_due(now=paid_until)
    assert fresh(subscription).state == State.ENDED


def test_the_same_card_still_waits_for_its_bank(waits: tuple[Subscription, datetime]) -> None:
    subscription, due = waits
    means = subscription.means
    assert means is not None
    services.change_means(**who(subscription), to=means, now=due + MINUTE)
    [waiting] = renewals(subscription)
    assert waiting.status == Status.REQUIRES_ACTION
    captured(waiting, now=due + HOUR)
    delivered(now=due + HOUR)
    assert fresh(subscription).state == State.ACTIVE


def test_nothing_is_charged_beside_a_charge_without_an_answer(
    sandbox: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = by_card(sandbox, now=now)
    an_account(subscription.fan)
    card = stored_means(sandbox, subscription.fan, now=now, key="other")
    services.change_means(**who(subscription), to=card, now=now)
    due = until_of(subscription) + MINUTE
    before = dict(django_settings.GATEWAY_CREDENTIALS)
    with FaultProxy(int(sandbox.url.rsplit(":", 1)[1])) as proxy:
        monkeypatch.setattr(django_settings, "GATEWAY_CREDENTIALS", before)
        call_through(proxy.url)
        proxy.plan("lose")
        assert bill_due(now=due).waiting == 1
    django_settings.GATEWAY_CREDENTIALS = before
    later = due + timedelta(minutes=20)
    with pytest.raises(errors.WrongState):
        services.change_means(**who(subscription), to="WALLET", now=later)
    assert fresh(subscription).renews_by == RenewsBy.MEANS
    http.reset_breakers()
    payments.resolve_stale(now=due + ASK_AFTER_SILENCE)
    delivered(now=later)
    assert fresh(subscription).state == State.ACTIVE
    assert (len(renewals(subscription)), fresh(subscription).period_number) == (1, 2)
    services.change_means(**who(subscription), to="WALLET", now=later)
    assert (bill_due(now=later).touched, Refund.objects.count()) == (0, 0)
    assert wallet_of(subscription.fan) == "100.00"
