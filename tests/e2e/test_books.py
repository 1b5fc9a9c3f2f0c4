"""Two people and the books in a browser: an entry by hand, and the close of a month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.choices import PeriodState
from apps.finance.ledger.models import Account, Entry, Proposal
from apps.finance.ledger.postings import AccountRef, credit, debit
from tests.e2e.conftest import Site
from tests.e2e.test_accessibility import assert_fine
from tests.e2e.test_console import enter, role_of  # noqa: F401 (a fixture)
from tests.factories.accounts import CreatorFactory, StaffFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
BANK, EQUITY = AccountRef("1000", "bank:main"), AccountRef("3000")


def write_line(page: Page, number: int, account: str, whose: str, **sides: str) -> None:
    page.get_by_label(f"Account, line {number}").select_option(account)
    page.get_by_label(f"Owner, line {number}").fill(whose)
    for side, text in sides.items():
        page.get_by_label(f"{side.capitalize()}, line {number}").fill(text)


def capital_of_last_month() -> date:
    """Books of one month that is over, and proved; return its first day."""
    now = timezone.now()
    month = (now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
    author, approver = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
    proposal = ledger.propose_entry(
        movements=[debit(BANK, Money(500_00, "USD")), credit(EQUITY, Money(500_00, "USD"))],
        effective_on=month,
        cluster="",
        by=author,
        reason="Capital",
        key="capital",
        now=now,
    )
    ledger.approve_proposal(proposal_id=proposal.pk, by=approver, reason="Seen", now=now)
    ledger.roll_forward(now=now)
    ledger.check_books(now=now)
    return month


class TestAnEntryByHand:
    def test_is_written_by_one_and_posted_by_another(
        self,
        site: Site,
        someone,
        role_of,  # noqa: F811
    ):
        author, approver = role_of("finance"), role_of("finance")
        page = someone()
        enter(page, site, author)
        page.goto(site.url("fanzlab", reverse("admin:ledger_proposal_changelist")))
        page.get_by_role("link", name="Propose an entry").click()

        write_line(page, 1, "1000", "bank:main", debit="$1,250.00")
        write_line(page, 2, "3000", "", credit="1250")
        page.get_by_label("Reason, for the record").fill("Capital, bank statement 7")
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_role("region", name="What it would post")).to_contain_text("$1,250.00")
        page.get_by_role("button", name="Propose", exact=True).click()

        expect(page.locator("h1")).to_contain_text("Proposed")
        expect(page.get_by_text("somebody else must decide")).to_be_visible()
        expect(page.get_by_role("link", name="Approve …")).to_have_count(0)
        assert not Entry.objects.exists()

        other = someone()
        enter(other, site, approver)
        other.get_by_role("link", name="To decide").first.click()
        other.get_by_role("link", name=f"Proposal {Proposal.objects.get().pk}", exact=True).click()
        expect(other.get_by_role("region", name="What approving it posts")).to_contain_text(
            "bank:main"
        )
        other.get_by_role("link", name="Approve …").click()
        other.get_by_label("Reason, for the record").fill("Seen on the statement")
        other.get_by_role("button", name="Approve").click()

        expect(other.locator("h1")).to_contain_text("Approved")
        assert books.balance_of(BANK, "USD") == Money(1_250_00, "USD")
        assert books.balance_of(EQUITY, "USD") == Money(1_250_00, "USD")
        entry = Entry.objects.get()
        other.goto(site.url("fanzlab", reverse("admin:ledger_entry_change", args=[entry.pk])))
        expect(other.get_by_text("Approved by")).to_be_visible()
        assert (entry.actor, entry.memo) == (approver, "Capital, bank statement 7")

    def test_tells_what_is_wrong_and_keeps_what_was_typed(
        self,
        site: Site,
        someone,
        role_of,  # noqa: F811
    ):
        page = someone()
        enter(page, site, role_of("finance"))
        page.goto(site.url("fanzlab", reverse("admin:ledger_proposal_entry")))

        write_line(page, 1, "1000", "bank:main", debit="10.00")
        write_line(page, 2, "3000", "", credit="9.00")
        page.get_by_label("Reason, for the record").fill("A slip")
        page.get_by_role("button", name="Propose", exact=True).click()

        expect(page.get_by_role("alert")).to_contain_text("$1.00 more debits than credits")
        expect(page.get_by_label("Debit, line 1")).to_have_value("10.00")
        page.get_by_label("Credit, line 2").fill("10.00")
        page.get_by_role("button", name="Propose", exact=True).click()
        expect(page.locator("h1")).to_contain_text("Proposed")


class TestAMonth:
    def test_is_closed_step_by_step(self, site: Site, someone, role_of):  # noqa: F811
        month = capital_of_last_month()
        page = someone()
        enter(page, site, role_of("finance"))

        page.locator("summary", has_text="Ledger").click()
        page.get_by_role("link", name="Months").click()
        page.get_by_role("link", name=f"{month:%B %Y}").click()
        region = page.get_by_role("region", name="Before it is closed")
        expect(region).to_contain_text("The books are proved within a day")
        for step in ("Start closing", "Close"):
            page.get_by_role("link", name=f"{step} …").click()
            page.get_by_label("Reason, for the record").fill("Month end")
            page.get_by_role("button", name=step).click()

        expect(page.locator("h1")).to_contain_text("Closed")
        expect(page.get_by_text("Closing to closed")).to_be_visible()
        expect(page.get_by_role("link", name="Propose to reopen …")).to_be_visible()
        assert books.state_of(month) == PeriodState.CLOSED


class TestThePages:
    def test_are_accessible_dark_and_light_wide_and_narrow(
        self,
        site: Site,
        someone,
        role_of,  # noqa: F811
    ):
        month = capital_of_last_month()
        creator = CreatorFactory.create()
        with transaction.atomic():
            ledger.post(
                postings.tip_by_card(
                    transaction_id=1,
                    creator_id=creator.pk,
                    gateway="ccbill",
                    amount=Money(12_345_678_90, "USD"),
                    platform_fee=Money(1_234_567_89, "USD"),
                    processing_fee=Money(0, "USD"),
                    cluster="boyfanz",
                ),
                now=timezone.now(),
            )
        entry, account = Entry.objects.latest("id"), Account.objects.get(code="2100")
        proposal = ledger.propose_reversal(
            entry_id=entry.pk,
            on_original_date=False,
            by=StaffFactory.create(role="finance"),
            reason="Twice",
            key="r",
            now=timezone.now(),
        )
        page = someone()
        enter(page, site, role_of("finance"))

        assert_fine(
            page,
            [
                site.url("fanzlab", path)
                for path in (
                    reverse("admin:ledger_account_chart"),
                    reverse("admin:ledger_account_change", args=[account.pk]),
                    reverse("admin:ledger_entry_change", args=[entry.pk]),
                    reverse("admin:ledger_entry_correct", args=[Entry.objects.earliest("id").pk]),
                    reverse("admin:ledger_proposal_changelist"),
                    reverse("admin:ledger_proposal_change", args=[proposal.pk]),
                    reverse("admin:ledger_proposal_entry"),
                    reverse("admin:ledger_period_changelist"),
                    reverse("admin:ledger_period_month", args=[month]),
                    reverse("admin:ledger_period_step", args=[month, "start-closing"]),
                    reverse("admin:report", args=["profit-loss"]),
                    reverse("admin:report", args=["trial-balance"]),
                    "/admin/reports/profit-loss/?period=x",
                    "/admin/reports/analytics/",
                    "/admin/reports/general-ledger/",
                    f"/admin/reports/creator/?creator={creator.pk}",
                    f"/admin/reports/entries/?code=2100&end={timezone.now():%Y-%m-%d}",
                )
            ],
        )
