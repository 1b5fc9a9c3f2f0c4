"""The main job in a browser: a fan's card pays a tip, the creator sees the money."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from tests.factories.accounts import PASSWORD, CreatorFactory, ProfileFactory
from tests.sandbox.control import APPROVE

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def sign_in(page, url, email):
    page.goto(url)
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda address: "/accounts/login" not in address)


class TestTipByCard:
    @pytest.mark.parametrize("brand", ["boyfanz", "girlfanz"])
    def test_goes_from_the_fans_card_to_the_creators_balance(self, site, someone, brand):
        cluster = Cluster.objects.get(slug=brand)
        site.open_for_business(cluster)
        fan = ProfileFactory.create(cluster=cluster)
        creator = CreatorFactory.create(cluster=cluster, handle="ada", display_name="Ada")
        page = someone()
        sign_in(page, site.url(brand, "/accounts/login/?next=/@ada/"), fan.user.email)

        page.check("input[name=preset][value=other]", force=True)
        page.fill("input[name=amount]", "25.00")
        page.fill("[name=message]", "For the new set")
        page.get_by_role("button", name="Continue to checkout").click()
        expect(page.get_by_text("On your card statement")).to_be_visible()
        page.get_by_role("button", name="Pay $25.00").click()
        page.wait_for_url(f"{site.sandbox.url}/**")
        page.fill("[name=number]", APPROVE)
        page.fill("[name=expiry]", "12 / 30")
        page.fill("[name=cvv]", "301")
        page.fill("[name=name]", "Ann Example")
        page.get_by_role("button", name="Pay").click()

        page.wait_for_url(site.url(brand, "/checkout/**"))
        expect(page.get_by_role("heading", name="Ada got your tip")).to_be_visible()
        theirs = someone()
        sign_in(theirs, site.url(brand, "/accounts/login/?next=/earnings/"), creator.user.email)
        expect(theirs.get_by_text("$20.00").first).to_be_visible()
        earned = ledger_selectors.balance_of(postings.creator_payable(creator.pk), "USD")
        assert earned == Money.of("20.00", "USD")
        assert {row.code: row.debit_minor - row.credit_minor for row in
                ledger_selectors.trial_balance()} == {
            "1100": 25_00, "2100": -20_00, "2200": -1_25, "4000": -3_75,
        }  # fmt: skip
