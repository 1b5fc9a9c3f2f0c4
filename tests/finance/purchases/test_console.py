"""Items, purchases and goals in FanzDash: found by their people, and what staff may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Profile
from apps.audit.models import AuditRecord
from apps.finance.purchases import services as purchases
from apps.finance.purchases.models import Goal, Item
from tests.factories.payments import MerchantAccountFactory
from tests.finance.purchases.selling import an_item, begun, bought, hear, pay, payment_of, usd

pytestmark = pytest.mark.django_db
PURCHASES, ITEMS, GOALS = (f"/admin/purchases/{name}/" for name in ("purchase", "item", "goal"))


@pytest.fixture
def item(fan: Profile, creator: Profile, now: datetime) -> Item:
    MerchantAccountFactory.of(fan.cluster)
    return an_item(creator, now=now)


def text(browser: Client, path: str, **query: str) -> str:
    answer: Any = browser.get(path, query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_purchase_is_found_by_its_buyer_and_tells_its_story(
    fan: Profile, item: Item, console: Callable[..., Client], now: datetime
) -> None:
    purchase, browser = bought(fan, item, now=now), console("support")

    for term in (f"@{fan.handle}", fan.user.email, str(purchase.pk), str(purchase.public_id)):
        assert f"#{purchase.pk}<" in text(browser, PURCHASES, q=term), term
    assert f"#{purchase.pk}<" not in text(browser, PURCHASES, q="@nobody")
    page = text(browser, f"{PURCHASES}{purchase.pk}/change/")
    for words in ("Bought", "Access: granted", "$10.00"):
        assert words in page


def test_what_was_paid_twice_is_a_list_of_its_own(
    fan: Profile, item: Item, console: Callable[..., Client], now: datetime
) -> None:
    first, second = begun(fan, item, now=now), begun(fan, item, now=now)
    for purchase in (second, first):
        pay(purchase, now=now)
        hear(purchase, now=now)
    browser = console("finance")

    queue = text(browser, PURCHASES, queue="twice")
    assert f"#{first.pk}<" in queue
    assert f"#{second.pk}<" not in queue
    here = f"{PURCHASES}do/give-back/?ids={first.pk}"
    assert "paid for A video twice" in text(browser, here)
    browser.post(here, {"reason": "Twice"})
    assert payment_of(first).refunds.count() == 1


def test_staff_take_a_thing_off_sale_and_close_a_goal_with_a_reason(
    creator: Profile, item: Item, console: Callable[..., Client], now: datetime
) -> None:
    goal = purchases.open_goal(creator=creator, title="A bed", target=usd("50.00"), now=now)
    browser = console("admin")
    for path in (f"{ITEMS}{item.pk}/change/", f"{GOALS}{goal.pk}/change/"):
        assert creator.display_name in text(browser, path)
    assert "A video" in text(browser, ITEMS, q=f"@{creator.handle}")
    assert "A bed" in text(browser, GOALS, q=creator.user.email)

    browser.post(f"{ITEMS}do/take-off-sale/?ids={item.pk}", {"reason": "Not theirs"})
    browser.post(f"{GOALS}do/close/?ids={goal.pk}", {"reason": "Against the rules"})

    assert Item.objects.get().status == "ARCHIVED"
    assert Goal.objects.get().state == "CLOSED"
    reasons = AuditRecord.objects.filter(actor_id__isnull=False).values_list("reason", flat=True)
    assert {"Not theirs", "Against the rules"} <= set(reasons)


def test_who_may_only_look_changes_nothing(
    creator: Profile, item: Item, console: Callable[..., Client], now: datetime
) -> None:
    browser = console("finance")

    path = f"{ITEMS}do/take-off-sale/?ids={item.pk}"
    assert browser.post(path, {"reason": "x"}).status_code == 403
    assert Item.objects.get().status == "ACTIVE"
