"""Staff in a browser: enrol, approve with four eyes, see the money leave and the books say so."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from apps.accounts import services as accounts
from apps.payouts import services as payouts
from apps.payouts.choices import Status
from apps.payouts.models import Payout
from tests import given
from tests.e2e.conftest import Site
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import PASSWORD, TOTP_SECRET, UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

PAYEE = "paula@creators.example"


@pytest.fixture
def role_of():
    """``role_of("payouts")``: somebody with the role, who has not enrolled a second factor."""

    def make(role):
        user = UserFactory.create()
        accounts.grant_role(user=user, role=role, by=None, reason="Hired", now=timezone.now())
        return user

    return make


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def enter(page: Page, site, user) -> None:
    """Sign in by password and a second factor that is enrolled, through the pages."""
    accounts.enrol_authenticator(user=user, secret=TOTP_SECRET, by=None, now=timezone.now())
    page.goto(site.url("fanzlab", "/admin/"))
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.fill("input[name=code]", code_of(TOTP_SECRET))
    page.press("input[name=code]", "Enter")
    expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()


def change_page(site: Site, payout: Payout) -> str:
    return site.url("fanzlab", reverse("admin:payouts_payout_change", args=[payout.pk]))


def follow(page: Page, link: Locator) -> None:
    """Click, and be on the next page when it is there: not on the old one, nor between the two."""
    with page.expect_navigation():
        link.click()


def check_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


class TestEntering:
    def test_takes_a_second_factor_enrolled_on_the_way(self, site, someone, role_of):
        user, page = role_of("finance"), someone()

        sign_in(page, site.url("fanzlab", "/admin/"), user.email)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        secret = page.locator("#authenticator_secret").input_value()
        page.fill("input[name=code]", code_of(secret))
        page.press("input[name=code]", "Enter")
        page.wait_for_url(lambda address: "recovery-codes" in address)
        recovery = page.locator("#recovery_codes code").first.inner_text()
        page.goto(site.url("fanzlab", "/admin/"))
        page.fill("input[name=code]", recovery)  # the app's code of these 30 s is used up
        page.press("input[name=code]", "Enter")

        expect(page.get_by_role("heading", name="Home", level=1)).to_be_visible()
        expect(page.get_by_text("Where the money is")).to_be_visible()

    def test_is_not_for_a_password_alone(self, site, someone, role_of):
        user, page = role_of("finance"), someone()

        sign_in(page, site.url("fanzlab", "/admin/"), user.email)
        page.goto(site.url("fanzlab", "/admin/ledger/entry/"))

        assert "/admin/" not in page.url.partition("?")[0]


class TestPayout:
    def test_approved_by_two_is_sent_and_booked(self, site, someone, role_of):
        now = timezone.now()
        payout = given.a_requested_payout("50.00", now=now, email=PAYEE)
        payouts.approve_payout(payout_id=payout.pk, by=role_of("payouts"), reason="ok", now=now)
        page = someone()
        enter(page, site, role_of("payouts"))
        check_accessible(page)

        follow(page, page.get_by_role("link", name="To approve").first)
        check_accessible(page)
        follow(page, page.get_by_role("link", name=payout.rail_reference))
        check_accessible(page)
        follow(page, page.get_by_role("link", name="Approve …"))
        expect(page.get_by_text("the last approval (2 of 2)")).to_be_visible()
        check_accessible(page)
        page.get_by_label("Reason, for the record").fill("Known creator, account checked")
        page.get_by_role("button", name="Approve").click()

        expect(page.locator("h1")).to_contain_text("Approved")
        expect(page.get_by_text("Known creator, account checked").first).to_be_visible()
        payout.refresh_from_db()
        assert payout.status == Status.APPROVED

        payouts.send_approved(now=timezone.now())
        page.reload()

        expect(page.locator("h1")).to_contain_text("Paid")
        expect(page.get_by_role("region", name="In the ledger").get_by_role("link")).to_have_count(
            2
        )
        payout.refresh_from_db()
        assert payout.status == Status.PAID
        assert payout.rail_transaction_id
        follow(page, page.get_by_role("region", name="In the ledger").get_by_role("link").last)
        expect(page.get_by_role("region", name="Lines")).to_contain_text("$50.00")
        check_accessible(page)

    def test_to_oneself_offers_no_approval(self, site, someone, role_of):
        now, payee = timezone.now(), role_of("payouts")
        creator = given.a_creator("50.00", now=now, user=payee)
        payout = given.a_requested_payout("50.00", now=now, creator=creator)
        page = someone()
        enter(page, site, payee)

        page.goto(change_page(site, payout))

        expect(page.get_by_text("the money would go to you").first).to_be_visible()
        expect(page.get_by_role("link", name="Approve …")).to_have_count(0)
        expect(page.get_by_role("link", name="Reject …")).to_have_count(0)


class TestFinding:
    def test_by_keyboard_leads_to_the_payout(self, site, someone, role_of):
        payout = given.a_requested_payout("50.00", now=timezone.now())
        page = someone()
        enter(page, site, role_of("payouts"))

        page.keyboard.press("Control+k")
        page.get_by_placeholder("Type to search").press_sequentially(payout.rail_reference)
        page.locator("#command-results a").first.click()

        expect(page.locator("h1")).to_contain_text(payout.rail_reference)
