"""R-VAT-01: tax on the fan's whole price, fees and the creator's share of what is left."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.fx.adapters import Quoted
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors, selectors
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Method, Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.rules import fees
from apps.finance.tax import errors as tax_errors
from apps.finance.tax import selectors as tax
from apps.finance.tax import services as tax_services
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.models import TaxLine
from apps.finance.tax.rules.due import Applicable, due_on
from tests import given
from tests.factories.accounts import CreatorFactory, ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory

USD = "USD"
GERMANY = tax.Buyer("DE", "DE")
ALABAMA = tax.Buyer("US-AL", "US")


@pytest.fixture
def fan():
    profile = ProfileFactory.create()
    MerchantAccountFactory.of(profile.cluster)
    return profile


@pytest.fixture
def creator():
    return CreatorFactory.create()


@pytest.fixture
def taxed(now, fan):
    """The brand collects 19 % inside the price in Germany and 10 % on top of it in Alabama."""
    one, other = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
    for place, percent, kind, inclusive in (
        ("DE", "19", TaxKind.VAT, True), ("US-AL", "10", TaxKind.LEVY, False),
    ):  # fmt: skip
        row = tax_services.set_rate(
            place=place, product=Product.ANY, kind=kind, percent=Decimal(percent),
            is_inclusive=inclusive, valid_from=date(2026, 1, 1), source="law", by=one,
            reason="letter", now=now,
        )  # fmt: skip
        tax_services.confirm_rate(rate_id=row.pk, by=other, reason="read it", now=now)
    tax_services.turn_tax(
        cluster=fan.cluster, is_on=True, by=one, reason="registered", now=now - timedelta(1)
    )


def wallet_tip(fan, creator, now, *, amount="25.00", buyer=GERMANY, key="tip"):
    return payments.tip_from_wallet(
        fan=fan, creator=creator, amount=Money.of(amount, USD), message="", idempotency_key=key,
        now=now, buyer=buyer,
    )  # fmt: skip


def card_tip(fan, creator, now, *, amount="25.00", buyer=GERMANY, key="tip"):
    return payments.start_card_tip(
        fan=fan, creator=creator, amount=Money.of(amount, USD), message="", idempotency_key=key,
        now=now, buyer=buyer,
    )  # fmt: skip


def balances(fan, creator):
    places = (postings.sales_tax("DE"), postings.sales_tax("US-AL"))
    accounts = (
        postings.wallet(fan.pk), postings.creator_payable(creator.pk),
        postings.PLATFORM_REVENUE, *places,
    )  # fmt: skip
    return [str(ledger.balance_of(account, USD).decimal) for account in accounts]


@pytest.mark.django_db
class TestSales:
    def test_vat_is_inside_the_tip_and_the_shares_are_of_what_is_left(
        self, now, fan, creator, taxed
    ):
        """25.00 with 19 % inside: 3.99 VAT; 20 % of 21.01 is 4.20 for the platform, 16.81 left."""
        given.a_funded_wallet(fan, "50.00", now=now)
        tip = wallet_tip(fan, creator, now)
        assert balances(fan, creator) == ["25.00", "16.81", "4.20", "3.99", "0.00"]
        assert (tip.amount, tip.tax, tip.tax_place) == (
            Money(2500, USD), Money(399, USD), "DE",
        )  # fmt: skip
        line = TaxLine.objects.get()
        assert (line.source, line.place, line.kind) == (tip.source, "DE", "VAT")
        assert line.percent == 19
        assert (line.base, line.tax) == (Money(2101, USD), Money(399, USD))
        assert (line.quarter, line.sold_on, line.proofs, line.proofs_agree) == (
            "2026-Q1", date(2026, 1, 15), ["DECLARED:DE", "ADDRESS:DE"], True,
        )  # fmt: skip

    def test_a_levy_on_top_is_paid_beside_the_tip(self, now, fan, creator, taxed):
        """25.00 and 10 % on top: 27.50 leave the wallet; the shares are those of 25.00."""
        given.a_funded_wallet(fan, "50.00", now=now)
        tip = wallet_tip(fan, creator, now, buyer=ALABAMA)
        assert balances(fan, creator) == ["22.50", "20.00", "5.00", "0.00", "2.50"]
        assert (tip.price, tip.amount) == (Money(2500, USD), Money(2750, USD))

    def test_the_card_is_charged_with_the_tax_and_the_capture_books_it(
        self, now, fan, creator, taxed
    ):
        """27.50 by card: the processor takes 5 % of 27.50 (1.38), the platform 15 % of 25.00."""
        tip = card_tip(fan, creator, now, buyer=ALABAMA)
        assert "initialPrice=27.50" in payments.checkout_url(transaction=tip, now=now)
        assert not TaxLine.objects.exists()
        given.a_delivery(tip, now=now, country="US")
        payments.process_webhooks(now=now)
        tip.refresh_from_db()
        assert tip.status == Status.CAPTURED
        assert balances(fan, creator) == ["0.00", "19.87", "3.75", "0.00", "2.50"]
        line = TaxLine.objects.get()
        assert (line.proofs, line.proofs_agree) == (
            ["DECLARED:US-AL", "ADDRESS:US", "BILLING:US"], True,
        )  # fmt: skip

    def test_a_billing_country_that_contradicts_is_kept_for_staff(self, now, fan, creator, taxed):
        given.a_delivery(card_tip(fan, creator, now), now=now, country="AE")
        payments.process_webhooks(now=now)
        line = TaxLine.objects.get()
        assert (line.place, line.tax_minor, line.proofs_agree) == ("DE", 399, False)

    def test_a_rate_set_while_the_payer_pays_does_not_change_what_was_quoted(
        self, now, fan, creator, taxed
    ):
        tip = card_tip(fan, creator, now)
        one, other = StaffFactory.create(role="finance"), StaffFactory.create(role="finance")
        row = tax_services.set_rate(
            place="DE", product=Product.ANY, kind=TaxKind.VAT, percent=Decimal(16),
            is_inclusive=True, valid_from=date(2026, 1, 1), source="law", by=one,
            reason="cut", now=now,
        )  # fmt: skip
        tax_services.confirm_rate(rate_id=row.pk, by=other, reason="read it", now=now)
        given.a_delivery(tip, now=now)
        payments.process_webhooks(now=now)
        assert ledger.balance_of(postings.sales_tax("DE"), USD) == Money(399, USD)
        assert TaxLine.objects.get().percent == 19

    def test_a_place_without_a_rate_has_no_tax_and_its_proofs_are_kept(
        self, now, fan, creator, taxed
    ):
        given.a_funded_wallet(fan, "50.00", now=now)
        tip = wallet_tip(fan, creator, now, buyer=tax.Buyer("JP", "JP"))
        assert balances(fan, creator) == ["25.00", "20.00", "5.00", "0.00", "0.00"]
        assert (tip.tax_minor, tip.tax_place, tip.place_proofs) == (
            0, "", ["DECLARED:JP", "ADDRESS:JP"],
        )  # fmt: skip

    def test_a_brand_that_collects_no_tax_asks_for_no_place(self, now, fan, creator):
        given.a_funded_wallet(fan, "50.00", now=now)
        tip = wallet_tip(fan, creator, now, buyer=None)
        assert balances(fan, creator) == ["25.00", "20.00", "5.00", "0.00", "0.00"]
        assert (tip.tax_place, tip.place_proofs) == ("", [])

    def test_a_deposit_is_no_sale(self, now, fan, taxed):
        given.a_funded_wallet(fan, "50.00", now=now)
        assert ledger.balance_of(postings.wallet(fan.pk), USD) == Money(5000, USD)
        assert not TaxLine.objects.exists()

    def test_the_same_key_is_the_same_payment_wherever_it_is_asked_from(
        self, now, fan, creator, taxed
    ):
        first = card_tip(fan, creator, now, buyer=ALABAMA)
        assert card_tip(fan, creator, now, buyer=GERMANY) == first
        with pytest.raises(errors.KeyReused):
            card_tip(fan, creator, now, amount="27.50", buyer=ALABAMA)

    @pytest.mark.usefixtures("taxed")
    @pytest.mark.parametrize(
        ("buyer", "error"),
        [
            (None, tax_errors.PlaceMissing),
            (tax.Buyer("EL"), tax_errors.PlaceUnknown),
            (tax.Buyer("US", "US"), tax_errors.PlaceTooWide),
        ],
    )
    def test_without_a_place_nothing_is_sold(self, now, fan, creator, *, buyer, error):
        given.a_funded_wallet(fan, "50.00", now=now)
        for start in (wallet_tip, card_tip):
            with pytest.raises(error):
                start(fan, creator, now, buyer=buyer)
        assert balances(fan, creator) == ["50.00", "0.00", "0.00", "0.00", "0.00"]
        assert Transaction.objects.filter(kind=Kind.TIP).count() == 0

    def test_a_wallet_must_hold_the_tax_too(self, now, fan, creator, taxed):
        given.a_funded_wallet(fan, "25.00", now=now)
        with pytest.raises(errors.InsufficientWallet):
            wallet_tip(fan, creator, now, buyer=ALABAMA)
        assert balances(fan, creator) == ["25.00", "0.00", "0.00", "0.00", "0.00"]
        assert not TaxLine.objects.exists()

    def test_tax_must_not_lift_a_charge_over_what_the_account_takes(
        self, now, fan, creator, taxed
    ):
        most = selectors.merchant_account_of(cluster=fan.cluster, currency=USD).most_minor
        amount = str(Money(most, USD).decimal)
        with pytest.raises(errors.AmountOutOfRange):
            card_tip(fan, creator, now, amount=amount, buyer=ALABAMA)
        assert not Transaction.objects.exists()
        assert card_tip(fan, creator, now, amount=amount).amount_minor == most

    def test_the_quarters_return_adds_up(self, now, fan, creator, taxed):
        given.a_funded_wallet(fan, "100.00", now=now)
        for n, buyer in enumerate((GERMANY, GERMANY, ALABAMA)):
            wallet_tip(fan, creator, now, amount="10.00", buyer=buyer, key=f"k{n}")
        with transaction.atomic():
            fx.record_rates(
                rows=[Quoted("EUR", USD, date(2026, 3, 31), Decimal("1.25"))], source="ECB",
                by=None, reason="", now=now + timedelta(days=90),
            )  # fmt: skip
        germany, alabama = tax.return_of(quarter="2026-Q1")
        assert (germany.sales, germany.base, germany.tax, germany.in_euro) == (
            2, Money(1680, USD), Money(320, USD), Money(256, "EUR"),
        )  # fmt: skip
        assert (alabama.place, alabama.tax) == ("US-AL", Money(100, USD))
        assert ledger.balance_of(postings.sales_tax("DE"), USD) == germany.tax

    @pytest.mark.parametrize(
        "change",
        [
            {"tax_minor": 398}, {"tax_minor": -399}, {"tax_place": ""},
            {"tax_added_minor": 400}, {"tax_added_minor": -1},
        ],
    )  # fmt: skip
    def test_the_database_refuses_a_split_that_is_not_exact(
        self, now, fan, creator, taxed, change
    ):
        tip = card_tip(fan, creator, now)
        with pytest.raises(IntegrityError), transaction.atomic():
            Transaction.objects.filter(pk=tip.pk).update(**change)
        tip.refresh_from_db()
        assert (tip.tax_minor, tip.tax_place) == (399, "DE")


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def _country_header(self, settings):
        settings.CLIENT_COUNTRY_HEADER, settings.TRUSTED_PROXIES = "CF-IPCountry", 1

    def browser(self, fan, country="DE"):
        client = Client(headers={"host": "boyfanz.localhost", "cf-ipcountry": country})
        client.force_login(fan.user)
        return client

    def tip(self, **changes):
        wish = {
            "key": "11111111-1111-4111-8111-111111111111", "preset": "25", "amount": "",
            "message": "", "method": "CARD", "country": "DE",
        }  # fmt: skip
        return wish | changes

    def test_the_form_asks_for_the_country_and_guesses_it(self, fan, creator, taxed):
        page = self.browser(fan).get(f"/@{creator.handle}/").content.decode()
        assert "Country you live in" in page
        assert '<option value="DE" selected>Germany</option>' in page
        assert '<option value="US-AL">Alabama, United States</option>' in page

    def test_a_brand_without_tax_does_not_ask(self, fan, creator):
        page = self.browser(fan).get(f"/@{creator.handle}/").content.decode()
        assert "Country you live in" not in page

    def test_the_checkout_shows_the_tax_inside(self, fan, creator, taxed):
        client = self.browser(fan)
        page = client.get(client.post(f"/@{creator.handle}/", self.tip())["Location"])
        words = " ".join(page.content.decode().split())
        assert "Tax (Germany), included" in words
        assert "$3.99" in words
        assert "Pay $25.00" in words

    def test_the_checkout_shows_the_tax_on_top(self, fan, creator, taxed):
        client = self.browser(fan, "US")
        wish = self.tip(country="US-AL")
        page = client.get(client.post(f"/@{creator.handle}/", wish)["Location"])
        words = " ".join(page.content.decode().split())
        assert "Tax (Alabama, United States), added to $25.00" in words
        assert "Pay $27.50" in words

    def test_a_tip_from_the_wallet_shows_the_tax_before_it_is_paid(self, now, fan, creator, taxed):
        given.a_funded_wallet(fan, "26.00", now=now)
        wish = self.tip(method="WALLET", country="US-AL")
        refused = self.browser(fan, "US").post(f"/@{creator.handle}/", wish)
        assert refused.status_code == 422
        assert "$1.50 is missing" in refused.content.decode()
        page = self.browser(fan).post(f"/@{creator.handle}/", self.tip(method="WALLET"))
        assert "Tax (Germany), included" in " ".join(page.content.decode().split())
        assert ledger.balance_of(postings.wallet(fan.pk), USD) == Money(2600, USD)

    @pytest.mark.parametrize(("country", "header"), [("", "DE"), ("EL", "GR"), ("US", "US")])
    def test_without_a_place_the_form_comes_back(self, fan, creator, taxed, country, header):
        response = self.browser(fan, header).post(
            f"/@{creator.handle}/", self.tip(country=country)
        )
        assert response.status_code == 422
        assert not Transaction.objects.exists()

    def test_a_country_in_a_header_is_not_believed_without_a_proxy(
        self, fan, creator, taxed, settings
    ):
        settings.TRUSTED_PROXIES = 0
        self.browser(fan, "US").post(f"/@{creator.handle}/", self.tip())
        assert Transaction.objects.get().place_proofs == ["DECLARED:DE"]


# --- Properties -------------------------------------------------------------------------
@for_all(
    minor=st.integers(1, 10**10),
    platform=st.integers(0, 10_000),
    processing=st.integers(0, 10_000),
    percent=st.decimals(0, 100, places=4),
    inclusive=st.booleans(),
)
def test_tax_fees_and_net_are_the_charge_to_the_cent(
    minor, platform, processing, percent, inclusive
):
    rates = fees.Rates(platform, min(processing, 10_000 - platform), 30)
    price = Money(minor, USD)
    due = due_on(price, place="DE", rates=[Applicable(1, "DE", "VAT", percent, inclusive)])
    split = fees.split(kind=Kind.TIP, amount=price, rates=rates, due=due)
    parts = (split.tax, split.platform_fee, split.processing_fee, split.net)
    assert sum(part.minor for part in parts) == split.amount.minor
    assert min(part.minor for part in parts) >= 0
    assert split.price == price


@pytest.mark.django_db
def test_a_quote_says_the_tax(now, fan, taxed):
    quote = selectors.quote(
        cluster=fan.cluster, kind=Kind.TIP, method=Method.CARD, amount=Money(2500, USD), at=now,
        buyer=ALABAMA,
    )  # fmt: skip
    assert [quote.price.minor, quote.tax.minor, quote.amount.minor] == [2500, 250, 2750]
