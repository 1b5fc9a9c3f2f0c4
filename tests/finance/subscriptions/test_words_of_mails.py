"""Mails about subscriptions say what is charged next, to the cent, on its day, and after that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.clusters.models import Cluster
from apps.finance.payments.models import Transaction
from apps.finance.subscriptions import services
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.selectors.changes import change_quote
from apps.finance.subscriptions.services.reminders import remind_due
from apps.finance.subscriptions.services.tick import bill_due
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.selectors import Buyer
from apps.notifications.exports import write
from apps.notifications.models import Message
from tests import given_subscriptions as given
from tests.factories.accounts import StaffFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory, PromotionFactory

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 1, 10, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def mail(kind: str, subscription: Subscription) -> Message:
    """The newest mail of a kind about a subscription."""
    about = Message.objects.filter(subject_ref=subscription.source)
    return about.filter(kind=f"subscription.{kind}").latest("id")


def text_of(message: Message) -> str:
    written = write(
        kind=message.kind,
        context=message.context,
        brand=message.cluster,
        user_id=message.user_id,
    )
    return " ".join(written.text.split())


def charged(subscription: Subscription) -> list[str]:
    found = Transaction.objects.filter(payer=subscription.fan, subject__startswith="subscription:")
    return [each.amount.formatted for each in found.order_by("id")]


def taxed(cluster: Cluster, place: str = "US-WA", percent: str = "10") -> None:
    """The brand adds a sales tax to what is bought from a place."""
    finance = StaffFactory.create(role="finance")
    row = tax.set_rate(
        place=place, product=Product.ANY, kind=TaxKind.SALES_TAX, percent=Decimal(percent),
        is_inclusive=False, valid_from=date(2026, 1, 1), source="RCW 82.08, read 2026-01-02",
        by=finance, reason="adviser's letter", now=NOW - DAY,
    )  # fmt: skip
    other: Any = StaffFactory.create(role="finance")
    tax.confirm_rate(rate_id=row.pk, by=other, reason="seen", now=NOW - DAY)
    tax.turn_tax(
        cluster=cluster, is_on=True, by=finance, reason="registered", now=NOW - timedelta(hours=1)
    )


def test_tax_that_comes_on_top_is_in_every_amount_that_is_told_ahead():
    price = given.a_price("10.00", trial_days=14)
    taxed(price.plan.cluster)
    subscription = given.a_subscription(
        now=NOW, price=price, buyer=Buyer(declared="US-WA"), wallet="30.00"
    )

    assert "First charge after the trial: $11.00 USD, $1.00 of it tax, on" in subscription.terms
    assert "After that $11.00 USD every month" in subscription.terms
    assert mail("confirmed", subscription).context["first_amount"] == "$11.00"
    remind_due(now=NOW + 7 * DAY)
    reminder = mail("trial_ending", subscription)
    assert (reminder.context["first_amount"], reminder.context["tax"]) == ("$11.00", "$1.00")
    assert "$11.00 is charged on 24 January 2026, and after that $11.00 every month" in text_of(
        reminder
    )
    bill_due(now=NOW + 14 * DAY)
    assert charged(subscription) == ["$11.00"]
    assert mail("receipt", subscription).context["next_amount"] == "$11.00"
    bill_due(now=NOW + 45 * DAY)
    bill_due(now=NOW + 80 * DAY)
    assert charged(subscription) == ["$11.00", "$11.00"]
    assert mail("declined", subscription).context["amount"] == "$11.00"


def test_a_change_to_come_is_told_with_the_new_plan_and_its_price():
    plan = PlanFactory.create(tier=2, name="Gold")
    price = PriceFactory.create(plan=plan, amount="10.00")
    subscription = given.a_subscription(now=NOW, price=price)
    silver = PriceFactory.create(
        plan=PlanFactory.create(creator=plan.creator, tier=1, name="Silver"), amount="5.00"
    )
    quote = change_quote(subscription=given.fresh(subscription), price=silver, now=NOW + DAY)
    services.change(
        subscription_id=subscription.public_id, fan=subscription.fan, price=silver,
        token=quote.token, idempotency_key="change", now=NOW + DAY,
    )  # fmt: skip

    told = mail("changed", subscription)
    text = text_of(told)
    assert told.context["plan"] == "Silver"
    assert "will change" in text
    assert "has changed" not in text
    assert (
        "The next charge is $5.00 on 10 February 2026. After that $5.00 every month, until you"
        " cancel." in text
    )
    bill_due(now=NOW + 31 * DAY)
    assert charged(subscription) == ["$10.00", "$5.00"]
    receipt = mail("receipt", subscription)
    assert (receipt.context["plan"], receipt.context["price"]) == ("Silver", "$5.00")
    assert receipt.context["amount"] == "$5.00"


def test_a_change_that_is_taken_back_is_told_too():
    plan = PlanFactory.create(tier=2)
    subscription = given.a_subscription(
        now=NOW, price=PriceFactory.create(plan=plan, amount="10.00")
    )
    silver = PriceFactory.create(
        plan=PlanFactory.create(creator=plan.creator, tier=1), amount="5.00"
    )
    quote = change_quote(subscription=given.fresh(subscription), price=silver, now=NOW + DAY)
    services.change(
        subscription_id=subscription.public_id, fan=subscription.fan, price=silver,
        token=quote.token, idempotency_key="change", now=NOW + DAY,
    )  # fmt: skip
    services.withdraw_change(
        subscription_id=subscription.public_id, fan=subscription.fan, now=NOW + 2 * DAY
    )

    text = text_of(mail("changed", subscription))
    assert "You keep your plan" in text
    assert "The next charge is $10.00 on 10 February 2026." in text


def test_an_offer_is_told_for_as_many_charges_as_it_is_good_for():
    price = given.a_price("10.00")
    PromotionFactory.create(
        creator=price.plan.creator, cluster=price.plan.cluster, code="HALF",
        percent_bps=5_000, periods=3, starts_at=NOW - DAY, created_at=NOW - DAY,
    )  # fmt: skip
    subscription = given.a_subscription(now=NOW, price=price, code="HALF")

    confirmed = mail("confirmed", subscription)
    assert confirmed.context["terms"] == subscription.terms
    text = text_of(confirmed)
    assert (
        "The next charge is $5.00 on 10 February 2026. After that 1 at $5.00 each, then $10.00"
        " every month, until you cancel." in text
    )
    assert " ".join(subscription.terms.split()) in text
    bill_due(now=NOW + 31 * DAY)
    assert "The next charge is $5.00 on 10 March 2026. After that $10.00 every month" in text_of(
        mail("receipt", subscription)
    )
    bill_due(now=NOW + 59 * DAY)
    remind_due(now=NOW + 83 * DAY)
    assert "we charge $10.00 for the next month, and after that $10.00 every month" in text_of(
        mail("renewal_ahead", subscription)
    )
    bill_due(now=NOW + 90 * DAY)
    assert charged(subscription) == ["$5.00", "$5.00", "$5.00", "$10.00"]
