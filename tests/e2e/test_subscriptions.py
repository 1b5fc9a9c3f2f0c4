"""Subscribing in a browser: terms beside the button, the payment, and out with two clicks."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.entitlements import selectors as entitlements
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.subscriptions.models import Period, Subscription
from apps.finance.subscriptions.services.tick import bill_due
from apps.notifications import services as notifications
from tests import given
from tests.e2e.conftest import PATIENCE_MILLISECONDS
from tests.e2e.test_accessibility import assert_fine, found_on
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.factories.subscriptions import PlanFactory, PriceFactory
from tests.sandbox.control import APPROVE

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
#: What pays, on a small old phone and on a laptop.
SHOWN = [(pays, *screen) for pays in ("WALLET", "CARD") for screen in ((320, 568), (1280, 720))]
#: What card networks want on the screen with the button (R-SUB-01).
TERMS = [
    "Gold",
    "Trial of 7 days",
    "$1.00 USD",
    "First charge after the trial: $12.00 USD on ",
    "every month, until you cancel",
    "Cancel at any time",
]


def look(page, name):
    if folder := os.environ.get("LOOK"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.fixture
def brand(site):
    cluster = Cluster.objects.get(slug="boyfanz")
    site.open_for_business(cluster)
    return cluster


@pytest.fixture
def fan(brand):
    return ProfileFactory.create(cluster=brand, display_name="Ann")


@pytest.fixture
def creator(brand):
    return CreatorFactory.create(cluster=brand, handle="ada", display_name="Ada")


@pytest.fixture
def gold(creator):
    plan = PlanFactory.create(
        creator=creator,
        name="Gold",
        tier=2,
        description="Everything, and first.",
        benefits=["All photos and videos", "A live show each month", "Messages answered"],
    )
    PriceFactory.create(plan=plan, months=3, amount="30.00")
    PriceFactory.create(plan=plan, months=12, amount="99.00")
    return PriceFactory.create(plan=plan, amount="12.00")


def sees(fan, creator):
    [access] = entitlements.access_to(
        fan.pk, [entitlements.Thing("", creator.pk, least_tier=1)], now=timezone.now()
    )
    return access.allowed


def cancel_in_two_clicks(page):
    """From the page one lands on: the menu, and the button."""
    page.get_by_role("link", name="Subscriptions", exact=True).click()
    page.get_by_role("button", name="Cancel Ada").click()
    expect(page.get_by_text("Cancelled. Nothing is charged any more.")).to_be_visible()


class TestByWallet:
    def test_begins_at_once_and_is_left_with_two_clicks(self, site, someone, fan, creator, gold):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        page = someone()
        sign_in(page, site.url("boyfanz", "/accounts/login/?next=/@ada/"), fan.user.email)
        look(page, "chooser")
        page.get_by_role("link", name="$12.00 a month").click()
        expect(page.get_by_text("Charged today: $12.00 USD.")).to_be_visible()
        assert not page.get_by_label("I agree").is_checked()
        look(page, "checkout-wallet")
        page.get_by_role("button", name="Pay $12.00").click()
        assert Subscription.objects.count() == 0  # the box is not ticked: the browser says so

        page.get_by_label("I agree").check()
        page.get_by_role("button", name="Pay $12.00").click()
        expect(page.get_by_text("You are subscribed to Ada.")).to_be_visible()
        look(page, "one")
        page.reload()

        assert sees(fan, creator)
        assert Period.objects.get().amount == Money.of("12.00", "USD")
        wallet = ledger_selectors.balance_of(postings.wallet(fan.pk), "USD")
        assert wallet == Money.of("28.00", "USD")
        page.goto(site.url("boyfanz", "/"))
        cancel_in_two_clicks(page)
        look(page, "cancelled")
        subscription = Subscription.objects.get()
        assert subscription.current_until is not None
        later = subscription.current_until + timedelta(days=1)
        bill_due(now=later)
        notifications.send_due(now=later)
        subscription.refresh_from_db()
        assert (subscription.state, subscription.end_reason) == ("ENDED", "CANCELLED")
        assert ledger_selectors.balance_of(postings.wallet(fan.pk), "USD") == wallet
        subjects = [sent.subject for sent in mail.outbox if fan.user.email in sent.to]
        assert any("Ada" in subject for subject in subjects)
        kinds = " ".join(str(sent.body) for sent in mail.outbox)
        assert f"/subscriptions/{subscription.public_id}/" in kinds
        page.goto(site.url("boyfanz", "/subscriptions/"))
        expect(page.get_by_text("No subscriptions now")).to_be_visible()
        page.get_by_role("link", name="Ended", exact=True).click()
        look(page, "mine")
        expect(page.get_by_role("link", name="Subscribe again to Ada")).to_be_visible()


class TestByCard:
    def test_goes_from_the_terms_to_the_gateway_and_back(self, site, someone, fan, creator, gold):
        page = someone()
        sign_in(page, site.url("boyfanz", "/accounts/login/?next=/@ada/"), fan.user.email)
        page.get_by_role("link", name="$12.00 a month").click()
        page.get_by_label("I agree").check()
        page.get_by_role("button", name="Pay $12.00").click()
        page.wait_for_url(f"{site.sandbox.url}/**")
        page.fill("[name=number]", APPROVE)
        page.fill("[name=expiry]", "12 / 30")
        page.fill("[name=cvv]", "301")
        page.fill("[name=name]", "Ann Example")
        page.get_by_role("button", name="Pay").click()

        page.wait_for_url(site.url("boyfanz", "/checkout/**"))
        told = page.get_by_role("heading", name="You are subscribed to Ada")
        expect(told).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        look(page, "result")
        page.reload()
        expect(told).to_be_visible()
        assert sees(fan, creator)
        page.get_by_role("link", name="Your subscription").click()
        expect(page.get_by_text("Active", exact=True).first).to_be_visible()
        look(page, "one-card")
        earned = ledger_selectors.balance_of(postings.creator_payable(creator.pk), "USD")
        assert earned > Money.zero("USD")
        cancel_in_two_clicks(page)


class TestTerms:
    @pytest.mark.parametrize("shown", SHOWN, ids=str)
    def test_stand_beside_the_button_without_a_click_or_a_scroll(
        self, site, someone, fan, gold, shown
    ):
        method, width, height = shown
        gold.plan.trial_days, gold.plan.trial_minor = 7, 1_00
        gold.plan.save()
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        page = someone()
        page.set_viewport_size({"width": width, "height": height})
        sign_in(page, site.url("boyfanz", "/accounts/login/"), fan.user.email)
        page.goto(site.url("boyfanz", f"/@ada/subscribe/?price={gold.public_id}&method={method}"))

        look(page, f"terms-{width}-{method}")
        button = page.get_by_role("button", name="Pay $1.00")
        terms = page.locator("#terms")
        text = terms.inner_text()
        paid = "Paid from your wallet" if method == "WALLET" else "On your statement: "
        assert [words for words in [*TERMS, paid] if words not in text] == []
        for part in (terms, page.get_by_label("I agree"), button):
            box = part.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height, (box, height)
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert terms.evaluate("e => e.closest('details') === null")
        assert terms.evaluate("e => e.scrollHeight <= e.clientHeight + 1")
        assert page.evaluate("scrollY") == 0

    def test_the_button_is_reached_by_keyboard_after_the_box(self, site, someone, fan, gold):
        given.a_funded_wallet(fan, "40.00", now=timezone.now())
        page = someone()
        here = f"/@ada/subscribe/?price={gold.public_id}"
        sign_in(page, site.url("boyfanz", f"/accounts/login/?next={here}"), fan.user.email)
        page.get_by_label("I agree").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Pay $12.00"
        page.keyboard.press("Enter")
        expect(page.get_by_text("You are subscribed to Ada.")).to_be_visible()


def test_every_page_is_fine_for_everybody(site, someone, fan, creator, gold):
    given.a_funded_wallet(fan, "80.00", now=timezone.now())
    page = someone()
    sign_in(page, site.url("boyfanz", "/accounts/login/?next=/@ada/"), fan.user.email)
    before = ["/@ada/", f"/@ada/subscribe/?price={gold.public_id}", "/subscriptions/"]
    assert_fine(page, [site.url("boyfanz", path) for path in before])
    page.goto(site.url("boyfanz", before[1]))
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Pay $12.00").click()
    expect(page.get_by_text("You are subscribed to Ada.")).to_be_visible()
    here = f"/subscriptions/{Subscription.objects.get().public_id}/"
    dearer = gold.plan.prices.get(months=12)
    after = [here, "/subscriptions/", f"{here}change/{dearer.public_id}/", "/@ada/", before[1]]
    assert_fine(page, [site.url("boyfanz", path) for path in after])
    page.goto(site.url("boyfanz", after[2]))
    look(page, "change")

    theirs = someone()
    sign_in(theirs, site.url("boyfanz", "/accounts/login/"), creator.user.email)
    assert_fine(theirs, [site.url("boyfanz", "/creator/subscribers/")])
    look(theirs, "subscribers")
    with theirs.expect_download() as download:
        theirs.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.startswith("subscribers-")
    assert found_on(theirs) == []
