"""A fan subscribes from the wallet: charge, period, access, history, mails, all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.accounts.errors import AgeNotVerified, Underage
from apps.core.errors import DomainError
from apps.core.models import OutboxMessage
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.payments.choices import AttemptKind, Method
from apps.finance.payments.models import Transaction
from apps.finance.payments.services import PayBy
from apps.finance.subscriptions import errors, services
from apps.finance.subscriptions.choices import Alignment, Discount, EndReason, RenewsBy, State
from apps.finance.subscriptions.models import Period, Subscription, TrialUse
from apps.finance.subscriptions.rules.terms import hash_of
from apps.finance.subscriptions.selectors import quotes
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory
from tests.factories.payments import MerchantAccountFactory
from tests.factories.subscriptions import PriceFactory, PromotionFactory
from tests.finance.payments.charging import an_account, stored_means
from tests.given_subscriptions import (
    a_price,
    a_subscriber,
    a_subscription,
    earned_by,
    fresh,
    payment_of,
    subscribed,
    wallet_of,
)

pytestmark = pytest.mark.django_db


def _history(subscription: Subscription) -> list[str]:
    return list(subscription.history.order_by("id").values_list("what", flat=True))


def _mails(subscription: Subscription) -> list[str]:
    rows = Message.objects.filter(subject_ref=subscription.source).order_by("kind")
    return list(rows.values_list("kind", flat=True))


def _nothing_of(fan: Any, wallet: str = "100.00") -> None:
    assert wallet_of(fan) == wallet
    assert not Subscription.objects.filter(fan=fan).exists()
    assert not Period.objects.filter(subscription__fan=fan).exists()
    assert not Transaction.objects.filter(payer=fan).exclude(kind="WALLET_DEPOSIT").exists()


def test_the_wallet_pays_the_first_month_and_everything_begins_with_it(now: datetime) -> None:
    price = a_price("10.00", tier=2)
    fan = a_subscriber("100.00", now=now)
    subscription = subscribed(fan, price, now=now)

    assert subscription.state == State.ACTIVE
    assert subscription.renews_by == RenewsBy.WALLET
    assert wallet_of(fan) == "90.00"
    assert earned_by(price.plan.creator) == "8.00"
    [period] = subscription.periods.all()
    assert (period.number, period.kind, period.state) == (1, "PAID", "PAID")
    assert (period.amount_minor, period.from_at) == (1000, now)
    assert period.until_at == datetime(2026, 2, 15, 12, tzinfo=UTC)
    assert payment_of(subscription).subject == f"subscription:{subscription.pk}:period:1"
    assert payment_of(subscription).occasion == "FIRST"
    assert subscription.due_at == subscription.current_until == period.until_at
    assert subscription.access_until == period.until_at + timedelta(days=3)
    [held] = entitlements.access_to(
        fan.pk, [entitlements.Thing("content:1", price.plan.creator_id, 2)], now=now
    )
    assert held.allowed
    assert held.until == subscription.access_until
    assert _history(subscription) == ["STARTED", "ACTIVATED"]
    assert _mails(subscription) == [
        "creator.new_subscriber", "subscription.confirmed", "subscription.receipt",
    ]  # fmt: skip
    assert OutboxMessage.objects.filter(name="subscriptions.began").count() == 1
    assert hash_of(subscription.terms) == subscription.terms_hash


def test_a_free_trial_costs_nothing_until_it_ends(now: datetime) -> None:
    price = a_price("10.00", trial_days=7)
    fan = a_subscriber("3.00", now=now)
    subscription = subscribed(fan, price, now=now)

    assert subscription.state == State.TRIALING
    assert wallet_of(fan) == "3.00"
    assert subscription.trial_ends_at == now + timedelta(days=7) == subscription.due_at
    assert (subscription.anchored_at, subscription.anchored_number) == (
        now + timedelta(days=7),
        2,
    )
    [period] = subscription.periods.all()
    assert (period.kind, period.state, period.amount_minor) == ("TRIAL", "PAID", 0)
    assert period.transaction is None
    assert "First charge after the trial: $10.00 USD on 2026-01-22." in subscription.terms
    assert _mails(subscription) == ["creator.new_subscriber", "subscription.confirmed"]


def test_a_paid_trial_costs_its_own_price(now: datetime) -> None:
    price = a_price("10.00", trial_days=3, trial_minor=1_00)
    fan = a_subscriber("100.00", now=now)
    subscription = subscribed(fan, price, now=now)

    assert subscription.state == State.TRIALING
    assert wallet_of(fan) == "99.00"
    assert payment_of(subscription).occasion == "TRIAL"


def test_a_second_trial_with_the_same_creator_is_none(now: datetime) -> None:
    price = a_price("10.00", trial_days=7)
    fan = a_subscriber("100.00", now=now)
    first = subscribed(fan, price, now=now)
    services.cancel(subscription_id=first.public_id, fan=fan, now=now)
    services.end_subscription(
        subscription_id=first.public_id,
        by=price.plan.creator.user,
        why=EndReason.CREATOR,
        reason="Asked me to",
        refund=False,
        now=now,
    )
    again = subscribed(fan, price, now=now + timedelta(days=1))

    assert again.state == State.ACTIVE
    assert wallet_of(fan) == "90.00"


def test_a_promotion_is_taken_off_and_counted(now: datetime) -> None:
    price = a_price("10.00")
    promotion = PromotionFactory.create(
        creator=price.plan.creator, code="SPRING", percent_bps=2_500, periods=3
    )
    fan = a_subscriber("100.00", now=now)
    subscription = subscribed(fan, price, now=now, code="spring")

    assert wallet_of(fan) == "92.50"
    assert (subscription.promotion_id, subscription.promotion_left) == (promotion.pk, 2)
    promotion.refresh_from_db()
    assert promotion.redeemed == 1
    assert subscription.terms.splitlines()[2:5] == [
        "Next charge: $7.50 USD on 2026-02-15.",
        "Then 1 at $7.50 USD each.",
        "After that $10.00 USD every month, until you cancel."
        " Tax may be added where your place demands it.",
    ]


def test_a_promotion_for_all_periods_is_the_price_that_is_promised(now: datetime) -> None:
    price = a_price("10.00")
    PromotionFactory.create(creator=price.plan.creator, percent_bps=1_000, periods=0)
    subscription = a_subscription(now=now, price=price)
    assert subscription.promotion_left is None
    assert "After that $9.00 USD every month" in subscription.terms
    assert "$10.00" not in subscription.terms


def test_a_promotion_of_the_whole_price_needs_no_payment(now: datetime) -> None:
    price = a_price("10.00")
    PromotionFactory.create(creator=price.plan.creator, percent_bps=10_000)
    fan = a_subscriber("0.00", now=now)
    subscription = subscribed(fan, price, now=now)

    assert subscription.state == State.ACTIVE
    period = subscription.periods.get()
    assert (period.state, period.amount_minor, period.transaction) == ("PAID", 0, None)
    assert subscription.promotion_left == 0


def test_the_calendar_charges_the_days_to_the_first_of_the_month(now: datetime) -> None:
    price = a_price("31.00", alignment=Alignment.CALENDAR)
    fan = a_subscriber("100.00", now=now)
    subscription = subscribed(fan, price, now=now)

    assert wallet_of(fan) == "83.00"  # 15 to 31 January: 17 of 31 days
    first = datetime(2026, 2, 1, tzinfo=UTC)
    assert subscription.current_until == subscription.anchored_at == first
    assert subscription.anchored_number == 2
    assert "Charged today for the time to the first of the month: $17.00" in subscription.terms


def test_for_life_is_paid_once_and_never_due(now: datetime) -> None:
    fan = a_subscriber("100.00", now=now)
    subscription = subscribed(fan, a_price("99.00", months=0), now=now)

    assert subscription.state == State.ACTIVE
    assert subscription.renews_by == RenewsBy.NOBODY
    assert (subscription.current_until, subscription.due_at, subscription.access_until) == (
        None, None, None,
    )  # fmt: skip
    assert wallet_of(fan) == "1.00"
    assert "It does not renew." in subscription.terms


def test_a_month_from_the_31st_ends_where_the_fan_is(now: datetime) -> None:
    night = datetime(2026, 1, 31, 3, tzinfo=UTC)  # the evening of the 30th in Los Angeles
    subscription = a_subscription(now=night, timezone="America/Los_Angeles")
    assert subscription.current_until == datetime(2026, 3, 1, 3, tzinfo=UTC)


def test_the_same_key_is_the_same_subscription(now: datetime) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    first = subscribed(fan, price, now=now, key="k")
    again = services.subscribe(
        fan=fan,
        price=price,
        method=Method.WALLET,
        terms_hash="x",
        total_seen=Money.of("1.00", "USD"),
        idempotency_key="k",
        now=now,
    )
    assert again.pk == first.pk
    assert wallet_of(fan) == "90.00"
    with pytest.raises(errors.KeyReused):
        services.subscribe(
            fan=fan,
            price=a_price(),
            method=Method.WALLET,
            terms_hash="x",
            total_seen=Money.of("1.00", "USD"),
            idempotency_key="k",
            now=now,
        )


def test_a_wallet_that_holds_too_little_leaves_nothing(now: datetime) -> None:
    price, fan = a_price("10.00"), a_subscriber("9.99", now=now)
    with pytest.raises(errors.WalletTooLow):
        subscribed(fan, price, now=now)
    _nothing_of(fan, "9.99")


def test_a_wallet_in_another_currency_pays_nothing(now: datetime) -> None:
    price = PriceFactory.create(currency="EUR")
    fan = a_subscriber("100.00", now=now)
    with pytest.raises(errors.WalletTooLow):
        subscribed(fan, price, now=now)
    _nothing_of(fan)


def test_another_brands_plan_is_not_found(now: datetime, girlfanz: Any) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now, cluster=girlfanz)
    with pytest.raises(errors.PlanNotFound):
        subscribed(fan, price, now=now)
    _nothing_of(fan)


def test_nobody_subscribes_to_themselves(now: datetime) -> None:
    price = a_price()
    with pytest.raises(errors.OwnPlan):
        subscribed(price.plan.creator, price, now=now)
    _nothing_of(price.plan.creator, "0.00")


@pytest.mark.parametrize(("state", "error"), [("UNKNOWN", AgeNotVerified), ("MINOR", Underage)])
def test_only_adults_subscribe(now: datetime, state: str, error: type[Exception]) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    fan.user.age_state = state
    fan.user.save(update_fields=["age_state"])
    with pytest.raises(error):
        subscribed(fan, price, now=now)
    _nothing_of(fan)


def test_archived_plans_and_replaced_prices_take_nobody(now: datetime) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    price.replaced_at = now
    price.save()
    with pytest.raises(errors.PriceReplaced):
        subscribed(fan, price, now=now)
    services.archive_plan(plan=price.plan, by=price.plan.creator.user, now=now)
    price.plan.refresh_from_db()
    with pytest.raises(errors.PlanArchived):
        subscribed(fan, price, now=now)
    _nothing_of(fan)


def test_a_creator_who_left_takes_nobody(now: datetime) -> None:
    price, fan = a_price(trial_days=7), a_subscriber("100.00", now=now)
    price.plan.creator.user.is_active = False
    with pytest.raises(errors.PlanArchived):
        subscribed(fan, price, now=now)
    _nothing_of(fan)


def _codes(now: datetime, price: Any) -> None:
    creator = price.plan.creator
    PromotionFactory.create(creator=creator, code="OVER", ends_at=now)
    PromotionFactory.create(creator=creator, code="FULL", most=1, redeemed=1)
    PromotionFactory.create(creator=creator, code="YEARLY", months=12)
    PromotionFactory.create(
        creator=creator, code="EUROS", discount=Discount.AMOUNT, amount_minor=100, currency="EUR"
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("NOSUCH", errors.CodeUnknown),
        ("OVER", errors.CodeExpired),
        ("FULL", errors.CodeUsedUp),
        ("YEARLY", errors.CodeNotForYou),
        ("EUROS", errors.CodeNotForYou),
    ],
)
def test_a_code_that_does_not_hold_charges_nothing(
    now: datetime, code: str, error: type[Exception]
) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    _codes(now, price)
    with pytest.raises(error):
        subscribed(fan, price, now=now, code=code)
    _nothing_of(fan)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"terms_hash": ""}, errors.TermsNotAgreed),
        ({"terms_hash": "0" * 64}, errors.TermsChanged),
        ({"total_seen": Money.of("9.99", "USD")}, errors.PriceMoved),
        ({"total_seen": Money.of("10.00", "EUR")}, errors.CurrencyMismatch),
        ({"timezone": "Mars/Base"}, errors.TimezoneUnknown),
    ],
)
def test_what_was_shown_is_what_is_agreed_to(
    now: datetime, changes: dict[str, Any], error: type[Exception]
) -> None:
    price, fan = a_price("10.00"), a_subscriber("100.00", now=now)
    seen = quotes.offer(fan=fan, price=price, method=Method.WALLET, now=now)
    agreed = {"terms_hash": seen.terms_hash, "total_seen": seen.total, **changes}
    with pytest.raises(error):
        services.subscribe(
            fan=fan,
            price=price,
            method=Method.WALLET,
            idempotency_key="k",
            now=now,
            **agreed,
        )
    _nothing_of(fan)


def test_a_second_subscription_to_a_creator_is_refused(now: datetime) -> None:
    first = a_subscription(now=now)
    other = PriceFactory.create(plan__creator=first.creator)
    with pytest.raises(errors.AlreadySubscribed):
        subscribed(first.fan, other, now=now)
    assert wallet_of(first.fan) == "90.00"


def test_nothing_due_by_card_needs_a_card(now: datetime) -> None:
    price, fan = a_price(trial_days=7), ProfileFactory.create()
    MerchantAccountFactory.of(fan.cluster)
    with pytest.raises(errors.MeansNeeded):
        subscribed(fan, price, now=now, method=Method.CARD)
    _nothing_of(fan, "0.00")


def test_a_free_trial_wants_a_means_that_can_be_charged_later(sandbox: Any, now: datetime) -> None:
    price, fan = a_price("10.00", trial_days=7), ProfileFactory.create()
    an_account(fan)
    means = stored_means(sandbox, fan, now=now)
    way = PayBy(kind=AttemptKind.STORED, means=means)
    account = means.merchant_account

    def refused(error: type[DomainError]) -> None:
        with pytest.raises(error):
            subscribed(fan, price, now=now, method=Method.CARD, pay_by=way)
        assert not Subscription.objects.filter(fan=fan).exists()
        assert not TrialUse.objects.exists()

    means.expires = f"{now - timedelta(days=31):%Y-%m}"
    refused(errors.MeansNeeded)
    means.expires, means.removed_at = f"{now:%Y-%m}", now
    refused(errors.MeansNeeded)
    means.removed_at, account.currency = None, "EUR"
    refused(errors.CurrencyMismatch)
    account.currency = "USD"
    made = subscribed(fan, price, now=now, method=Method.CARD, pay_by=way)
    assert (made.state, made.means_id) == (State.TRIALING, means.pk)


def test_subscribing_takes_the_place_of_a_free_follow(now: datetime) -> None:
    price, fan = a_price(), a_subscriber("100.00", now=now)
    free = a_price(creator=price.plan.creator, is_free=True).plan
    follow = services.follow(fan=fan, plan=free, now=now, idempotency_key="f")
    subscription = subscribed(fan, price, now=now)
    assert fresh(follow).state == State.ENDED
    assert fresh(subscription).state == State.ACTIVE
