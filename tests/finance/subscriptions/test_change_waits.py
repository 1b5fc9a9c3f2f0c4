"""A change of plan whose charge waits: for the bank, for the fan's word, for another means."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, Method, Status
from apps.finance.payments.models import PaymentMethod, Refund, Transaction
from apps.finance.payments.services import PayBy
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.services.changed import change_captured
from apps.finance.subscriptions.services.tick import bill_due
from tests.finance.payments.charging import an_account, by_fields, stored_means
from tests.finance.payments.refunding import captured
from tests.finance.payments.test_risky import CHALLENGE, account_at
from tests.finance.risk.made import live
from tests.finance.subscriptions.test_change import _change, _other, _quote
from tests.given_subscriptions import a_price, a_subscriber, delivered, fresh, paid, subscribed

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def banks_ask(now: datetime) -> None:
    """From now on every bank wants its owner's word."""
    live("LARGE_AMOUNT", CHALLENGE, now=now, currency="USD", more_than=1)


def by_card(sandbox: Any, *, now: datetime) -> Subscription:
    """A subscription for 31.00 by a stored card of a gateway that can have the bank ask."""
    price, fan = a_price("31.00"), a_subscriber("0.00", now=now)
    account_at(fan, "adyen", cost_bps=900)  # another is chosen first, where there is one
    first = by_fields(fan, now=now, keep=True)
    token = payments.OneTime("a-wallets-token", wallet="applepay")
    payments.charge(transaction=first, now=now, one_time=token)
    way = PayBy(kind=AttemptKind.STORED, means=PaymentMethod.objects.get(profile=fan))
    made = subscribed(fan, price, now=now, method=Method.CARD, pay_by=way)
    paid(made, now=now)
    delivered(now=now)
    return fresh(made)


def asked(subscription: Subscription, price: Price, *, now: datetime, key: str) -> Transaction:
    """The fan agrees to a change, and the bank wants to ask."""
    with pytest.raises(errors.ConfirmationNeeded) as needed:
        _change(subscription, price, now=now, key=key)
    waiting = Transaction.objects.get(public_id=str(needed.value.facts["transaction"]))
    assert waiting.status == Status.REQUIRES_ACTION
    assert str(needed.value.facts["url"]).startswith("http")
    return waiting


def state_of(subscription: Subscription) -> tuple[int, str, int]:
    it = fresh(subscription)
    return it.tier, str(it.amount.decimal), it.periods.count()


OLD, NEW = (1, "31.00", 1), (2, "50.00", 2)


def test_it_holds_once_the_fan_has_confirmed(sandbox: Any, now: datetime) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    banks_ask(now)
    waiting = asked(subscription, higher, now=now, key="a")
    assert state_of(subscription) == OLD
    assert fresh(subscription).claimed_until is None
    captured(waiting, now=now + MINUTE)
    for _ in range(2):
        delivered(now=now + MINUTE)
    assert state_of(subscription) == NEW
    assert not Refund.objects.exists()


def test_money_that_went_back_never_buys_a_change(sandbox: Any, now: datetime) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    banks_ask(now)
    first = asked(subscription, higher, now=now, key="a")
    who: dict[str, Any] = {"subscription_id": subscription.public_id, "fan": subscription.fan}
    services.cancel(**who, now=now + MINUTE)
    captured(first, now=now + 2 * MINUTE)
    delivered(now=now + 2 * MINUTE)
    assert Refund.objects.get().amount_minor == 19_00
    services.uncancel(**who, now=now + 3 * MINUTE)

    with transaction.atomic():  # told once more
        change_captured(transaction_id=first.pk, subscription_id=subscription.pk)
    second = asked(subscription, higher, now=now + 4 * MINUTE, key="b")

    assert second.pk != first.pk
    assert state_of(subscription) == OLD
    assert Refund.objects.count() == 1
    captured(second, now=now + 5 * MINUTE)
    delivered(now=now + 5 * MINUTE)
    assert state_of(subscription) == NEW
    assert Refund.objects.get().transaction_id == first.pk


def test_another_change_gives_up_the_one_that_waits(sandbox: Any, now: datetime) -> None:
    subscription = by_card(sandbox, now=now)
    higher, highest = (_other(subscription, sum_, tier=2) for sum_ in ("50.00", "60.00"))
    banks_ask(now)
    first = asked(subscription, higher, now=now, key="a")
    second = asked(subscription, highest, now=now, key="b")

    first.refresh_from_db()
    assert (first.status, second.amount_minor) == (Status.CANCELLED, 29_00)
    captured(second, now=now + MINUTE)
    delivered(now=now + MINUTE)
    assert state_of(subscription) == (2, "60.00", 2)


def test_the_same_key_asks_for_the_same_confirmation(sandbox: Any, now: datetime) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    banks_ask(now)
    first = asked(subscription, higher, now=now, key="a")
    assert asked(subscription, higher, now=now, key="a").pk == first.pk
    with pytest.raises(errors.KeyReused):
        _change(subscription, _other(subscription, "60.00", tier=2), now=now, key="a")


def test_a_change_whose_worker_died_goes_on_with_its_key(
    sandbox: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    token = _quote(subscription, higher, now=now).token

    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> Transaction:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(payments, "charge_stored", killed)
        with pytest.raises(Killed):
            _change(subscription, higher, now=now, token=token)
    with pytest.raises(errors.WrongState):
        _change(subscription, higher, now=now + MINUTE, key="another")
    for _ in range(2):
        _change(subscription, higher, now=now + MINUTE, token=token)
    assert state_of(subscription) == NEW
    assert Transaction.objects.filter(occasion="CHANGE").count() == 1


def test_a_declined_change_is_declined_again_by_its_key(sandbox: Any, now: datetime) -> None:
    fan, price = a_subscriber("0.00", now=now), a_price("31.00")
    an_account(fan)
    means = stored_means(sandbox, fan, now=now)
    way = PayBy(kind=AttemptKind.STORED, means=means)
    subscription = subscribed(fan, price, now=now, method=Method.CARD, pay_by=way)
    paid(subscription, now=now)
    delivered(now=now)
    sandbox.control("peers/nmi/issuer", code="202")
    higher = _other(subscription, "50.00", tier=2)
    for _ in range(2):
        with pytest.raises(errors.ChargeDeclined):
            _change(fresh(subscription), higher, now=now)
    assert Transaction.objects.filter(occasion="CHANGE").count() == 1
    sandbox.control("peers/nmi/issuer", code="")
    _change(fresh(subscription), higher, now=now, key="change-2")
    assert state_of(subscription) == NEW


def test_a_renewal_waits_for_the_change_that_is_charged(
    sandbox: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    until = fresh(subscription).current_until
    assert until is not None
    late, charge = until - timedelta(seconds=10), payments.charge_stored

    def meanwhile(*args: Any, **kwargs: Any) -> Transaction:
        with monkeypatch.context() as real:
            real.setattr(payments, "charge_stored", charge)
            assert bill_due(now=until + MINUTE).touched == 0
        return charge(*args, **kwargs)

    monkeypatch.setattr(payments, "charge_stored", meanwhile)
    _change(fresh(subscription), higher, now=late)
    assert state_of(subscription) == NEW
    assert not Transaction.objects.filter(occasion="RENEWAL").exists()
    assert bill_due(now=until + 2 * MINUTE).touched == 0


def test_after_a_change_that_was_not_paid_the_renewal_comes_on_its_day(
    sandbox: Any, now: datetime
) -> None:
    subscription = by_card(sandbox, now=now)
    until = fresh(subscription).current_until
    assert until is not None
    banks_ask(now)
    asked(subscription, _other(subscription, "50.00", tier=2), now=until - MINUTE, key="a")
    assert fresh(subscription).due_at == until


def test_a_cancel_while_the_renewal_is_charged_does_not_end_it_at_once(
    sandbox: Any, now: datetime
) -> None:
    subscription = by_card(sandbox, now=now)
    until = fresh(subscription).current_until
    assert until is not None
    claim = until + 15 * MINUTE
    Subscription.objects.filter(pk=subscription.pk).update(claimed_until=claim, due_at=claim)
    services.cancel(
        subscription_id=subscription.public_id, fan=subscription.fan, now=until + MINUTE
    )
    assert fresh(subscription).due_at == claim
    bill_due(now=until + 2 * MINUTE)
    assert fresh(subscription).state == State.ACTIVE
    bill_due(now=claim)
    assert fresh(subscription).state == State.ENDED


def test_the_sum_that_was_shown_is_what_is_asked_for(sandbox: Any, now: datetime) -> None:
    subscription = by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    banks_ask(now)
    assert _quote(subscription, higher, now=now).total == Money.of("19.00", "USD")
    assert asked(subscription, higher, now=now, key="a").amount_minor == 19_00
