"""A card typed into the gateway's fields in a browser, kept, and charged again by one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.finance.payments.models import Transaction
from apps.finance.payments.selectors.candidates import forget_candidates
from sandbox import accounts
from tests.e2e.test_accessibility import assert_fine
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import CreatorFactory, ProfileFactory
from tests.finance.payments.charging import CARD, an_account

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_a_card_is_typed_kept_and_charged_again_with_one_click(site, someone, settings):
    settings.GATEWAY_CREDENTIALS = accounts.credentials(site.sandbox.url)
    fan = ProfileFactory.create()
    CreatorFactory.create(cluster=fan.cluster, handle="leo", display_name="Leo")
    an_account(fan)
    page = someone()
    sign_in(page, site.url("boyfanz", "/accounts/login/?next=/wallet/"), fan.user.email)
    page.check("[name=keep]")
    page.get_by_role("button", name="Continue to checkout").click()

    def typed(field, text):
        page.frame_locator(f"iframe[name=collect-{field}]").locator("input").fill(text)

    pay = page.get_by_role("button", name="Pay $50.00")
    pay.click()
    expect(page.get_by_role("alert")).to_contain_text("Check the card number.")
    typed("ccnumber", CARD)
    typed("ccexp", "12 / 30")
    typed("cvv", "301")
    pay.click()
    expect(page.get_by_role("heading", name="Your wallet is topped up")).to_be_visible()

    page.goto(site.url("boyfanz", "/@leo/"))
    page.get_by_role("button", name="Continue to checkout").click()
    expect(page.get_by_text("FANZ.EXAMPLE 800-555-0100")).to_be_visible()
    page.get_by_role("button", name="Pay $10.00").click()
    expect(page.get_by_role("heading", name="Leo got your tip")).to_be_visible()
    assert sorted(Transaction.objects.values_list("amount_minor", "status")) == [
        (10_00, "CAPTURED"), (50_00, "CAPTURED"),
    ]  # fmt: skip
    assert_fine(page, [site.url("boyfanz", path) for path in ("/wallet/cards/", "/payments/")])
    forget_candidates()
