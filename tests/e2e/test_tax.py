"""Tax and currencies in a browser: a fan sees the tax, staff see rates, returns and statements."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.fx.adapters import Quoted
from apps.finance.ledger.postings import AccountRef
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Form, Product, TaxKind
from tests import given
from tests.e2e.test_console import check_accessible, enter
from tests.e2e.test_tip import sign_in
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def fan(site):
    """A fan of a brand that collects 19 % in Germany and 10 % on top in Alabama."""
    profile = ProfileFactory.create()
    site.open_for_business(profile.cluster)
    one, other, now = (
        StaffFactory.create(role="finance"),
        StaffFactory.create(role="finance"),
        timezone.now(),
    )
    for place, percent, kind, inside in (
        ("DE", "19", TaxKind.VAT, True),
        ("US-AL", "10", TaxKind.LEVY, False),
        ("FR", "20", TaxKind.VAT, True),
    ):
        row = tax.set_rate(
            place=place, product=Product.ANY, kind=kind, percent=Decimal(percent),
            is_inclusive=inside, valid_from=date(2026, 1, 1), source="The law, read in January",
            by=one, reason="Letter of the adviser", now=now,
        )  # fmt: skip
        if place != "FR":
            tax.confirm_rate(rate_id=row.pk, by=other, reason="Read it", now=now)
    tax.turn_tax(
        cluster=profile.cluster, is_on=True, by=one, reason="Registered",
        now=now - timedelta(minutes=1),
    )  # fmt: skip
    return profile


def test_a_fan_sees_the_tax_before_paying(site, someone, fan):
    creator = CreatorFactory.create(handle="leo", display_name="Leo")
    page = someone()
    sign_in(page, site.url("boyfanz", "/accounts/login/"), fan.user.email)
    page.goto(site.url("boyfanz", f"/@{creator.handle}/"))
    check_accessible(page)
    page.get_by_label("Country you live in").select_option("US-AL")
    page.get_by_role("button", name="Continue to checkout").click()
    expect(page.get_by_role("button", name="Pay $11.00")).to_be_visible()
    expect(page.get_by_text("Tax (Alabama, United States), added to $10.00")).to_be_visible()
    check_accessible(page)


def test_staff_see_rates_returns_and_statements(site, someone, fan):
    now = timezone.now()
    today = now.date()
    staff = StaffFactory.create(role="finance")
    with transaction.atomic():
        fx.record_rates(
            rows=[
                Quoted("EUR", "USD", today, Decimal("1.1642")),
                Quoted("EUR", "GBP", today, Decimal("0.86795")),
            ],
            source="ECB", by=None, reason="", now=now,
        )  # fmt: skip
    bank = AccountRef("1000", "bank:main")
    done = fx.exchange(
        sold=Money(11_000, "USD"), sold_from=bank, bought=Money(10_000, "EUR"), bought_into=bank,
        effective_on=today, idempotency_key="1", by=staff, reason="Statement 7", now=now,
    )  # fmt: skip
    given.a_creator("2500.00", now=now)
    run = tax.request_statements(
        form=Form.DAC7, year=today.year, by=staff, reason="January filing", now=timezone.now()
    )
    while tax.make_step(now=timezone.now()):
        pass
    page = someone()
    enter(page, site, StaffFactory.create(role="finance"))
    for name, args, words in (
        ("fx_exchangerate_changelist", (), "EUR/GBP"),
        ("fx_exchangerate_new", (), "Record a rate"),
        ("fx_exchange_new", (), "Record an exchange"),
        ("fx_exchange_change", (done.pk,), "Statement 7"),
        ("fx_currencyposition_changelist", (), "€100.00"),
        ("tax_taxrate_changelist", (), "VAT 20 %"),
        ("tax_taxrate_new", (), "Enter a rate"),
        ("tax_taxline_return", (), "No tax was due"),
        ("tax_brandtaxation_changelist", (), "1 brand taxation"),
        ("tax_statementrun_changelist", (), "1 of 1"),
        ("tax_statementrun_change", (run.pk,), "$2,500.00"),
        ("tax_statementline_changelist", (), "legal name"),
    ):
        page.goto(site.url("fanzlab", reverse(f"admin:{name}", args=args)))
        expect(page.get_by_text(words).first).to_be_visible()
        check_accessible(page)
