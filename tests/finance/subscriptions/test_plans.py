"""What creators may offer, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.subscriptions import errors
from apps.finance.subscriptions import services as subscriptions
from apps.finance.subscriptions.choices import PlanStatus
from apps.finance.subscriptions.models import Plan, Price
from apps.finance.subscriptions.services import Offered
from tests.factories.accounts import CreatorFactory, StaffFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory

pytestmark = pytest.mark.django_db


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


def _plan(creator: Profile, now: datetime, **changes: Any) -> Plan:
    return subscriptions.create_plan(
        **{"creator": creator, "name": "Gold", "by": creator.user, "now": now, **changes}
    )


def test_a_plan_is_offered_with_prices_for_several_lengths(
    creator: Profile, now: datetime
) -> None:
    plan = _plan(
        creator,
        now,
        tier=2,
        benefits=["  All posts ", "", "Chat"],
        trial_days=7,
        trial=usd("1.00"),
        prices=[Offered(1, usd("9.99")), Offered(12, usd("99.00")), Offered(0, usd("300.00"))],
    )
    plan.refresh_from_db()
    assert plan.benefits == ["All posts", "Chat"]
    assert (plan.cluster, plan.trial_days, plan.trial_minor) == (creator.cluster, 7, 100)
    assert [(p.months, p.amount_minor) for p in plan.prices.order_by("id")] == [
        (1, 999),
        (12, 9900),
        (0, 30000),
    ]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": " "}, errors.PlanInvalid),
        ({"name": "x" * 61}, errors.PlanInvalid),
        ({"name": "bad\x00name"}, errors.PlanInvalid),
        ({"description": "x" * 501}, errors.PlanInvalid),
        ({"tier": 0}, errors.PlanInvalid),
        ({"tier": 21}, errors.PlanInvalid),
        ({"benefits": ["x" * 81]}, errors.PlanInvalid),
        ({"benefits": ["x"] * 13}, errors.PlanInvalid),
        ({"trial_days": 91}, errors.PlanInvalid),
        ({"trial_days": -1}, errors.PlanInvalid),
        ({"is_free": True, "trial_days": 7}, errors.PlanInvalid),
        ({"trial": usd("1.00"), "prices": [Offered(1, usd("5.00"))]}, errors.PlanInvalid),
        ({"trial": usd("1.00"), "trial_days": 7}, errors.PlanInvalid),
        ({"is_free": True, "prices": [Offered(1, usd("5.00"))]}, errors.PriceInvalid),
        ({"prices": [Offered(2, usd("5.00"))]}, errors.PriceInvalid),
        ({"prices": [Offered(1, usd("0.99"))]}, errors.PriceInvalid),
        ({"prices": [Offered(1, usd("5000.01"))]}, errors.PriceInvalid),
        ({"prices": [Offered(1, usd("-5.00"))]}, errors.PriceInvalid),
        ({"prices": [Offered(1, usd("5.00")), Offered(1, usd("6.00"))]}, errors.PriceInvalid),
        ({"prices": [Offered(1, Money.of("1", "BTC"))]}, errors.CurrencyMismatch),
        (
            {"prices": [Offered(1, usd("5.00")), Offered(3, Money.of("9.00", "EUR"))]},
            errors.CurrencyMismatch,
        ),
        (
            {
                "prices": [Offered(1, usd("5.00"))],
                "trial": Money.of("1.00", "EUR"),
                "trial_days": 7,
            },
            errors.CurrencyMismatch,
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_and_nothing_is_kept(
    creator: Profile, now: datetime, changes: dict[str, Any], error: type[DomainError]
) -> None:
    with pytest.raises(error):
        _plan(creator, now, **changes)
    assert not Plan.objects.exists()
    assert not Price.objects.exists()


def test_fans_and_others_cannot_make_plans_for_a_creator(
    fan: Profile, creator: Profile, now: datetime
) -> None:
    with pytest.raises(errors.NotACreator):
        _plan(fan, now)
    with pytest.raises(errors.StaffNotAllowed):
        _plan(creator, now, by=fan.user)
    assert not Plan.objects.exists()


def test_at_most_twenty_plans_are_open_and_one_of_them_is_free(
    creator: Profile, now: datetime
) -> None:
    _plan(creator, now, is_free=True)
    with pytest.raises(errors.PlanInvalid):
        _plan(creator, now, is_free=True)
    PlanFactory.create_batch(19, creator=creator)
    with pytest.raises(errors.PlanInvalid):
        _plan(creator, now)
    assert Plan.objects.count() == 20


def test_a_new_price_replaces_the_open_one_and_the_old_stays_as_it_was(now: datetime) -> None:
    price = PriceFactory.create(amount="10.00")
    plan, by = price.plan, price.plan.creator.user
    new = subscriptions.set_price(plan=plan, months=1, amount=usd("12.00"), by=by, now=now)
    again = subscriptions.set_price(plan=plan, months=1, amount=usd("12.00"), by=by, now=now)
    price.refresh_from_db()
    assert (price.amount, price.replaced_at) == (usd("10.00"), now)
    assert (new.amount, new.replaced_at, again.pk) == (usd("12.00"), None, new.pk)
    assert plan.prices.count() == 2
    [record] = AuditRecord.objects.filter(action="subscriptions.price_set")
    assert record.facts == {"months": 1, "before": "10.00 USD", "after": "12.00 USD"}


def test_a_price_that_cannot_be_is_refused_and_the_open_one_stays(now: datetime) -> None:
    price = PriceFactory.create()
    plan, by = price.plan, price.plan.creator.user

    def refused(error: type[DomainError], **changes: Any) -> None:
        wish = {"plan": plan, "months": 1, "amount": usd("12.00"), "by": by, "now": now}
        with pytest.raises(error):
            subscriptions.set_price(**{**wish, **changes})

    refused(errors.CurrencyMismatch, amount=Money.of("12.00", "EUR"))
    refused(errors.CurrencyMismatch, months=3, amount=Money.of("12.00", "EUR"))
    refused(errors.PriceInvalid, amount=usd("0.50"))
    refused(errors.PriceInvalid, months=5)
    refused(errors.StaffNotAllowed, by=StaffFactory.create())
    refused(
        errors.PriceInvalid,
        plan=(free := PlanFactory.create(is_free=True)),
        by=free.creator.user,
    )
    subscriptions.archive_plan(plan=plan, by=by, now=now)
    refused(errors.PlanArchived)
    assert list(Price.objects.values_list("pk", "replaced_at")) == [(price.pk, None)]


def test_a_price_can_be_taken_off_offer(now: datetime) -> None:
    price = PriceFactory.create()
    by = price.plan.creator.user
    subscriptions.withdraw_price(price=price, by=by, now=now)
    subscriptions.withdraw_price(price=price, by=by, now=now + timedelta(days=1))
    price.refresh_from_db()
    assert price.replaced_at == now


def test_wording_a_plan_anew_keeps_what_it_costs_and_says_what_changed(now: datetime) -> None:
    plan = PriceFactory.create().plan
    wish: dict[str, Any] = {"plan": plan, "by": plan.creator.user, "now": now}
    wish |= {"description": "", "benefits": []}
    subscriptions.change_plan(**wish, name="Platinum")
    subscriptions.change_plan(**wish, name="Platinum")
    plan.refresh_from_db()
    assert (plan.name, plan.prices.count()) == ("Platinum", 1)
    assert AuditRecord.objects.filter(action="subscriptions.plan_changed").count() == 1
    with pytest.raises(errors.PlanInvalid):
        subscriptions.change_plan(**wish, name="")
    with pytest.raises(errors.StaffNotAllowed):
        subscriptions.change_plan(
            **{**wish, "by": CreatorFactory.create().user}, name="Mine instead"
        )
    plan.refresh_from_db()
    assert plan.name == "Platinum"


def test_its_creator_archives_a_plan_once(now: datetime) -> None:
    plan = PriceFactory.create().plan
    subscriptions.archive_plan(plan=plan, by=plan.creator.user, now=now)
    subscriptions.archive_plan(plan=plan, by=plan.creator.user, now=now + timedelta(days=1))
    plan.refresh_from_db()
    assert (plan.status, plan.archived_at) == (PlanStatus.ARCHIVED, now)
    assert AuditRecord.objects.filter(action="subscriptions.plan_archived").count() == 1
