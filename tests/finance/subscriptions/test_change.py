"""Another plan or interval: what is shown is what happens, to the cent and in the books."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments import services as payments
from apps.finance.payments.choices import AttemptKind, Method
from apps.finance.payments.models import Refund, Transaction
from apps.finance.payments.services import PayBy
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import RenewsBy, State
from apps.finance.subscriptions.models import Price, Subscription
from apps.finance.subscriptions.selectors.changes import ChangeQuote, change_quote
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.finance.payments.charging import an_account, stored_means
from tests.finance.payments.refunding import a_policy, ask, books_are_balanced
from tests.given import a_funded_wallet
from tests.given_subscriptions import (
    a_price,
    a_subscription,
    delivered,
    fresh,
    paid,
    payment_of,
    price_of,
    subscribed,
    wallet_of,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
END = datetime(2026, 2, 15, 12, tzinfo=UTC)


def _other(subscription: Subscription, amount: str, *, months: int = 1, tier: int = 1) -> Price:
    plan = PlanFactory.create(creator=subscription.creator, tier=tier)
    price: Price = PriceFactory.create(plan=plan, amount=amount, months=months)
    return price


def _quote(subscription: Subscription, price: Price, *, now: datetime) -> ChangeQuote:
    return change_quote(subscription=fresh(subscription), price=price, now=now)


def _change(
    subscription: Subscription,
    price: Price,
    *,
    now: datetime,
    token: str = "",
    key: str = "change-1",
) -> Subscription:
    token = token or _quote(subscription, price, now=now).token
    return services.change(
        subscription_id=subscription.public_id,
        fan=subscription.fan,
        price=price,
        token=token,
        idempotency_key=key,
        now=now,
    )


def test_an_upgrade_charges_the_difference_and_begins_afresh(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    higher = _other(subscription, "50.00", tier=2)
    at = now + 10 * DAY
    quote = _quote(subscription, higher, now=at)
    assert (quote.kind, quote.at_once) == ("UPGRADE", True)
    assert (quote.credit, quote.charge, quote.total) == (
        Money.of("21.00", "USD"),
        Money.of("29.00", "USD"),
        Money.of("29.00", "USD"),
    )
    assert quote.new_until == datetime(2026, 2, 25, 12, tzinfo=UTC)

    _change(subscription, higher, now=at, token=quote.token)
    after = fresh(subscription)
    assert wallet_of(after.fan) == "40.00"  # 100 less 31 less 29
    assert (after.plan_id, after.tier, after.amount_minor) == (higher.plan_id, 2, 5000)
    assert after.current_until == after.due_at == quote.new_until
    old, new = after.periods.order_by("number")
    assert (old.until_at, new.from_at, new.until_at) == (at, at, quote.new_until)
    assert (new.amount_minor, new.credit_minor, new.state) == (2900, 2100, "PAID")
    assert payment_of(after, 2).occasion == "CHANGE"
    [seen] = entitlements.access_to(
        after.fan_id, [entitlements.Thing("content:1", after.creator_id, 2)], now=at
    )
    assert seen.allowed
    assert [line.what for line in after.history.order_by("id")][-1] == "UPGRADED"
    assert Message.objects.filter(kind="subscription.changed").count() == 1
    assert books_are_balanced()


def test_a_chain_of_upgrades_charges_what_was_used_and_the_last_price(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    a_funded_wallet(subscription.fan, "99.00", now=now)
    _change(subscription, _other(subscription, "62.00", tier=2), now=now + 10 * DAY)
    # 15 of 31 days of 62.00 are used: 32.00 count against 100.00.
    third = _other(subscription, "100.00", tier=3)
    quote = _quote(subscription, third, now=now + 25 * DAY)
    assert quote.credit == Money.of("32.00", "USD")
    _change(subscription, third, now=now + 25 * DAY, key="change-2")
    spent = 31_00 + 41_00 + 68_00
    assert spent == 10_00 + 30_00 + 100_00  # used, used, the last
    assert wallet_of(subscription.fan) == str(Money(199_00 - spent, "USD").decimal)


def test_what_went_back_of_an_older_period_counts_no_more(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    a_funded_wallet(subscription.fan, "99.00", now=now)
    _change(subscription, _other(subscription, "62.00", tier=2), now=now + 10 * DAY)
    a_policy(now=now)
    staff = StaffFactory.create(role="finance")
    ask(payment_of(subscription, 1), "31.00", by=staff, now=now + 11 * DAY)
    delivered(now=now + 11 * DAY)
    assert fresh(subscription).state == State.ACTIVE
    third = _other(subscription, "100.00", tier=3)
    quote = _quote(subscription, third, now=now + 25 * DAY)
    # 16 of 31 days are left of the 41.00 that were paid; the 21.00 brought along went back.
    assert quote.credit == Money.of("21.16", "USD")


def test_time_that_was_put_aside_by_a_pause_is_not_used_up(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    who: dict[str, Any] = {"subscription_id": subscription.public_id, "fan": subscription.fan}
    services.pause(**who, until=now + 90 * DAY, now=now + DAY, at_once=True)
    services.resume(**who, now=now + 80 * DAY)
    higher = _other(subscription, "50.00", tier=2)
    assert _quote(subscription, higher, now=now + 80 * DAY).credit == Money.of("30.00", "USD")
    assert _quote(subscription, higher, now=now + 90 * DAY).credit == Money.of("20.00", "USD")


def test_a_notice_of_the_period_before_does_not_hold_the_new_one(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    a_funded_wallet(subscription.fan, "99.00", now=now)
    Subscription.objects.filter(pk=subscription.pk).update(
        held_why="notice_not_delivered", reminded_at=now
    )
    _change(subscription, _other(subscription, "50.00", tier=2), now=now + DAY)
    after = fresh(subscription)
    assert (after.held_why, after.reminded_at) == ("", None)
    bill_due(now=after.current_until or now)
    assert fresh(subscription).period_number == 3


def test_a_downgrade_waits_for_the_next_period_and_can_be_taken_back(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00", tier=2))
    lower = _other(subscription, "10.00", tier=1)
    quote = _quote(subscription, lower, now=now)
    assert (quote.kind, quote.at_once, quote.effective_at) == ("DOWNGRADE", False, END)
    _change(subscription, lower, now=now, token=quote.token)
    after = fresh(subscription)
    assert (after.next_price_id, after.next_plan_id) == (lower.pk, lower.plan_id)
    assert (after.tier, after.amount_minor, wallet_of(after.fan)) == (2, 3100, "69.00")
    with pytest.raises(errors.NothingToChange):
        _quote(subscription, lower, now=now)
    services.withdraw_change(subscription_id=after.public_id, fan=after.fan, now=now)
    assert fresh(subscription).next_price_id is None


def test_a_longer_interval_holds_now_and_a_shorter_one_later(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    a_funded_wallet(subscription.fan, "99.00", now=now)
    plan = subscription.plan
    yearly = PriceFactory.create(plan=plan, amount="150.00", months=12)
    at = now + 10 * DAY
    _change(subscription, yearly, now=at)
    after = fresh(subscription)
    assert (after.months, after.current_until) == (12, datetime(2027, 1, 25, 12, tzinfo=UTC))
    assert wallet_of(after.fan) == "39.00"  # 199 less 31 less (150 less 21)
    monthly = price_of(subscription)
    quote = _quote(subscription, monthly, now=at)
    assert (quote.kind, quote.at_once) == ("SWITCH", False)


def test_more_credit_than_the_new_price_is_never_paid_out(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("99.00", months=12))
    higher = _other(subscription, "20.00", tier=2)
    quote = _quote(subscription, higher, now=now + DAY)
    assert (quote.kind, quote.at_once) == ("UPGRADE", False)
    assert quote.total == Money.zero("USD")


def test_a_trial_that_is_upgraded_ends_and_counts_what_it_cost(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("10.00", trial_days=10, trial_minor=500))
    higher = _other(subscription, "20.00", tier=2)
    _change(subscription, higher, now=now + 5 * DAY)
    after = fresh(subscription)
    assert after.state == State.ACTIVE
    assert wallet_of(after.fan) == "77.50"  # 100 less 5 less (20 less 2.50)


def test_a_quote_holds_a_quarter_of_an_hour_and_for_its_figures_only(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    higher = _other(subscription, "50.00", tier=2)
    token = _quote(subscription, higher, now=now).token
    forged = f"{int(now.timestamp())}-{'0' * 64}"
    for bad, at in [
        (token, now + timedelta(minutes=15, seconds=1)),
        (forged, now),
        ("", now),
        ("x" * 90, now),
        (token, now - timedelta(seconds=1)),
    ]:
        with pytest.raises(errors.QuoteMoved):
            services.change(
                subscription_id=subscription.public_id,
                fan=subscription.fan,
                price=higher,
                token=bad,
                idempotency_key="k",
                now=at,
            )
    assert wallet_of(subscription.fan) == "69.00"
    _change(subscription, higher, now=now + timedelta(minutes=15), token=token)
    assert wallet_of(subscription.fan) == "50.00"  # as shown: all 31.00 counted


def test_the_same_key_changes_once(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"))
    higher = _other(subscription, "50.00", tier=2)
    token = _quote(subscription, higher, now=now).token
    for _ in range(2):
        _change(subscription, higher, now=now, token=token)
    assert wallet_of(subscription.fan) == "50.00"
    assert fresh(subscription).periods.count() == 2


def test_a_wallet_that_holds_too_little_changes_nothing(now: datetime) -> None:
    subscription = a_subscription(now=now, price=a_price("31.00"), wallet="40.00")
    with pytest.raises(errors.WalletTooLow):
        _change(subscription, _other(subscription, "50.00", tier=2), now=now + DAY)
    after = fresh(subscription)
    assert (after.tier, after.periods.count(), wallet_of(after.fan)) == (1, 1, "9.00")


def test_what_cannot_be_changed_to(now: datetime) -> None:
    subscription = a_subscription(now=now)
    euros = PriceFactory.create(
        plan=PlanFactory.create(creator=subscription.creator), currency="EUR"
    )
    with pytest.raises(errors.PlanNotFound):
        _quote(subscription, a_price(), now=now)
    with pytest.raises(errors.CurrencyMismatch):
        _quote(subscription, euros, now=now)
    with pytest.raises(errors.NothingToChange):
        _quote(subscription, price_of(subscription), now=now)
    higher = _other(subscription, "20.00", tier=2)
    with pytest.raises(errors.ChangeNotOffered):
        _quote(subscription, higher, now=END)
    services.cancel(subscription_id=subscription.public_id, fan=subscription.fan, now=now)
    with pytest.raises(errors.ChangeNotOffered):
        _quote(subscription, higher, now=now)


# --- By stored means ----------------------------------------------------------------------------
def _by_card(sandbox: Any, *, now: datetime) -> Subscription:
    price, fan = a_price("31.00"), ProfileFactory.create()
    an_account(fan)
    means = stored_means(sandbox, fan, now=now)
    subscription = subscribed(
        fan,
        price,
        now=now,
        method=Method.CARD,
        pay_by=PayBy(kind=AttemptKind.STORED, means=means),
    )
    paid(subscription, now=now)
    delivered(now=now)
    return fresh(subscription)


def test_a_stored_card_is_charged_the_difference(sandbox: Any, now: datetime) -> None:
    subscription = _by_card(sandbox, now=now)
    _change(subscription, _other(subscription, "50.00", tier=2), now=now)
    after = fresh(subscription)
    assert (after.tier, after.periods.count()) == (2, 2)
    assert after.claimed_until is None
    sale = Transaction.objects.get(payer=after.fan, occasion="CHANGE")
    assert (sale.amount_minor, sale.status) == (1900, "CAPTURED")
    delivered(now=now)
    assert fresh(subscription).periods.count() == 2
    assert not Refund.objects.exists()


def test_a_change_that_is_captured_after_a_cancellation_goes_back(
    sandbox: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = _by_card(sandbox, now=now)
    higher = _other(subscription, "50.00", tier=2)
    charge = payments.charge_stored

    def cancelled_meanwhile(*args: Any, **kwargs: Any) -> Transaction:
        services.cancel(subscription_id=subscription.public_id, fan=subscription.fan, now=now)
        return charge(*args, **kwargs)

    monkeypatch.setattr(payments, "charge_stored", cancelled_meanwhile)
    _change(subscription, higher, now=now)
    after = fresh(subscription)
    assert (after.tier, after.cancel_at_end, after.periods.count()) == (1, True, 1)
    assert Refund.objects.get().amount_minor == 1900


# --- Paying another way -------------------------------------------------------------------------
def test_paying_from_the_wallet_instead_and_back(sandbox: Any, now: datetime) -> None:
    subscription = _by_card(sandbox, now=now)
    means = subscription.means
    assert means is not None
    ways: list[tuple[Any, RenewsBy]] = [("WALLET", RenewsBy.WALLET), (means, RenewsBy.MEANS)]
    for to, renews_by in ways:
        services.change_means(
            subscription_id=subscription.public_id, fan=subscription.fan, to=to, now=now
        )
        assert fresh(subscription).renews_by == renews_by
    assert fresh(subscription).history.filter(what="MEANS_CHANGED").count() == 2


def test_nobody_pays_with_anothers_card_or_for_what_is_free(sandbox: Any, now: datetime) -> None:
    other = a_subscription(now=now)
    for_life = a_subscription(now=now, price=a_price("50.00", months=0))
    by_card = _by_card(sandbox, now=now)
    means = by_card.means
    assert means is not None
    with pytest.raises(errors.MeansNeeded):
        services.change_means(subscription_id=other.public_id, fan=other.fan, to=means, now=now)
    with pytest.raises(errors.ChangeNotOffered):
        services.change_means(
            subscription_id=for_life.public_id, fan=for_life.fan, to="WALLET", now=now
        )
    assert fresh(other).renews_by == RenewsBy.WALLET
