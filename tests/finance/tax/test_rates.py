"""Rates: entered by one person, confirmed by another, in force from a day; kept for ever."""

from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance import tax as tax_app
from apps.finance.tax import errors, selectors
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Product, TaxKind
from apps.finance.tax.models import BrandTaxation, TaxRate
from apps.finance.tax.rules.countries import COUNTRIES, EU, STATES, country_of
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 15)
SEED = Path(tax_app.__file__).parent / "data" / "eu_uk_vat.csv"


def due(amount="119.00", place="DE", product=Product.TIP, on=DAY):
    return selectors.tax_on(amount=Money.of(amount, "EUR"), place=place, product=product, on=on)


def figures(quote):
    return [str(m.decimal) for m in (quote.net, quote.tax, quote.gross)]


class TestRates:
    def test_a_confirmed_rate_is_due(self, entered):
        row = entered()
        quote = due()
        assert figures(quote) == ["100.00", "19.00", "119.00"]
        [line] = quote.lines
        assert (line.rate_id, line.place, line.kind, line.base, line.tax) == (
            row.pk, "DE", "VAT", Money(10_000, "EUR"), Money(1_900, "EUR"),
        )  # fmt: skip

    def test_nothing_is_due_where_no_rate_is_set(self):
        assert (figures(due()), due().lines) == (["119.00", "0.00", "119.00"], ())

    def test_nothing_is_due_by_a_rate_nobody_confirmed(self, entered):
        entered(confirmed=False)
        assert due().lines == ()

    def test_a_rate_begins_on_its_day_and_ends_where_the_next_begins(self, entered):
        entered(percent="19")
        entered(percent="16", valid_from=date(2026, 7, 1))
        entered(percent="19", valid_from=date(2027, 1, 1))
        days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1),
                date(2026, 12, 31), date(2027, 1, 1)]  # fmt: skip
        rates = [[line.percent for line in due(on=day).lines] for day in days]
        assert rates == [[], [19], [19], [16], [16], [19]]

    def test_a_rate_of_zero_ends_a_tax(self, entered):
        entered()
        entered(percent="0", valid_from=date(2026, 2, 1))
        assert due(on=date(2026, 2, 1)).lines == ()

    def test_the_newer_of_two_rows_for_a_day_counts(self, entered):
        entered(percent="20")
        entered(percent="19")
        assert figures(due()) == ["100.00", "19.00", "119.00"]

    def test_a_products_own_rate_goes_before_everythings(self, entered):
        entered(percent="19")
        entered(percent="7", product=Product.LIVE)
        assert [line.percent for line in due(product=Product.LIVE).lines] == [7]
        assert [line.percent for line in due(product=Product.DIGITAL).lines] == [19]

    def test_kinds_add_up_and_the_states_own_goes_before_the_countrys(self, entered):
        entered("US", "2", kind=TaxKind.LEVY, is_inclusive=False)
        entered("US-AL", "10", kind=TaxKind.LEVY, is_inclusive=False)
        entered("US-AL", "4", kind=TaxKind.SALES_TAX, is_inclusive=False)
        quote = due("100.00", "US-AL")
        assert figures(quote) == ["100.00", "14.00", "114.00"]
        assert [(line.kind, line.place) for line in quote.lines] == [
            ("LEVY", "US-AL"), ("SALES_TAX", "US-AL"),
        ]  # fmt: skip

    def test_a_country_whose_states_tax_is_too_wide(self, entered):
        entered("US-AL", "10", kind=TaxKind.LEVY, is_inclusive=False)
        with pytest.raises(errors.PlaceTooWide):
            due(place="US")

    def test_an_unknown_place_is_refused(self):
        with pytest.raises(errors.PlaceUnknown):
            due(place="EL")

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"reason": " "}, errors.ReasonMissing),
            ({"source": " "}, errors.SourceMissing),
            ({"place": "EL"}, errors.PlaceUnknown),
            ({"percent": "-1"}, errors.RateOutOfRange),
            ({"percent": "100.1"}, errors.RateOutOfRange),
            ({"percent": "5.12345"}, errors.RateOutOfRange),
            ({"percent": "NaN"}, errors.RateOutOfRange),
        ],
    )
    def test_what_is_no_rate_is_refused_and_nothing_is_kept(self, entered, changes, error):
        with pytest.raises(error):
            entered(**changes)
        assert not TaxRate.objects.exists()
        assert not AuditRecord.objects.filter(action="tax.rate_set").exists()

    def test_support_may_neither_enter_nor_confirm_nor_turn_on(self, entered, now):
        support = StaffFactory.create(role="support")
        row = entered(confirmed=False)
        for call in (
            lambda: entered(by=support),
            lambda: tax.confirm_rate(rate_id=row.pk, by=support, reason="x", now=now),
            lambda: tax.turn_tax(
                cluster=Cluster.objects.get(slug="boyfanz"),
                is_on=True,
                by=support,
                reason="x",
                now=now,
            ),
        ):
            with pytest.raises(errors.NotPermitted):
                call()
        assert (TaxRate.objects.get().is_confirmed, BrandTaxation.objects.count()) == (False, 0)

    def test_two_people_are_needed(self, entered, now, finance):
        row = entered(confirmed=False)
        with pytest.raises(errors.OwnRate):
            tax.confirm_rate(rate_id=row.pk, by=finance, reason="mine", now=now)
        row.refresh_from_db()
        assert not row.is_confirmed

    def test_a_rate_is_confirmed_once(self, entered, now):
        row = entered()
        with pytest.raises(errors.AlreadyConfirmed):
            tax.confirm_rate(
                rate_id=row.pk, by=StaffFactory.create(role="finance"), reason="x", now=now
            )
        assert AuditRecord.objects.filter(action="tax.rate_confirmed").count() == 1

    @pytest.mark.parametrize(
        "sql",
        [
            "UPDATE tax_taxrate SET percent = 1",
            "UPDATE tax_taxrate SET confirmed_at = NULL, confirmed_by_id = NULL",
            "DELETE FROM tax_taxrate",
            "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE tax_taxrate CASCADE",
            "UPDATE tax_brandtaxation SET is_on = false",
            "DELETE FROM tax_brandtaxation",
            "DELETE FROM tax_taxline",
            "UPDATE tax_taxline SET tax_minor = 0",
        ],
    )
    def test_the_database_keeps_what_was_written(self, entered, taxing, sql):
        row = entered()
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)
        row.refresh_from_db()
        assert (row.percent, row.is_confirmed) == (19, True)


class TestBrands:
    def test_no_brand_collects_until_it_is_turned_on(self, now, finance):
        cluster = Cluster.objects.get(slug="boyfanz")
        other = Cluster.objects.exclude(pk=cluster.pk)[0]
        assert not selectors.collects_tax(cluster=cluster, at=now)
        tax.turn_tax(cluster=cluster, is_on=True, by=finance, reason="OSS", now=now)
        assert selectors.collects_tax(cluster=cluster, at=now)
        assert not selectors.collects_tax(cluster=cluster, at=now - timedelta(seconds=1))
        assert not selectors.collects_tax(cluster=other, at=now)
        later = now + timedelta(days=1)
        tax.turn_tax(cluster=cluster, is_on=False, by=finance, reason="left", now=later)
        assert not selectors.collects_tax(cluster=cluster, at=later)

    def test_turning_twice_is_refused(self, now, finance, taxing):
        with pytest.raises(errors.AlreadySo):
            tax.turn_tax(cluster=taxing.cluster, is_on=True, by=finance, reason="x", now=now)
        assert BrandTaxation.objects.count() == 1


class TestFile:
    def test_the_published_rates_come_unconfirmed(self):
        out = StringIO()
        call_command("import_tax_rates", str(SEED), stdout=out)
        assert out.getvalue() == "28 rates read, 28 new; each waits to be confirmed.\n"
        rows = TaxRate.objects.all()
        assert {row.place for row in rows} == EU | {"GB"}
        assert not any(row.is_confirmed for row in rows)
        assert all("to be verified by the tax adviser" in row.source for row in rows)
        assert due().lines == ()

    def test_importing_again_enters_nothing(self):
        call_command("import_tax_rates", str(SEED), stdout=StringIO())
        out = StringIO()
        call_command("import_tax_rates", str(SEED), stdout=out)
        assert out.getvalue() == "28 rates read, 0 new; each waits to be confirmed.\n"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("place,", "land,"), ("DE,", "EL,"), ("19,inclusive", "many,inclusive"),
            ("19,inclusive", "190,inclusive"), ("19,inclusive", "19,inside"),
            ("2026-01-01", "2026-02-30"), ("ANY,VAT,19", "ALL,VAT,19"),
        ],
    )  # fmt: skip
    def test_a_bad_file_is_refused_and_nothing_of_it_is_kept(self, tmp_path, old, new):
        path = tmp_path / "rates.csv"
        path.write_text(SEED.read_text().replace(old, new))
        with pytest.raises(CommandError, match="Nothing was entered"):
            call_command("import_tax_rates", str(path))
        assert not TaxRate.objects.exists()


def test_places_are_those_of_the_standard():
    assert len(COUNTRIES) == 249
    assert len(EU) == 27
    assert set(COUNTRIES) >= EU
    assert len(STATES) == 51 + 13
    assert {country_of(place) for place in STATES} == {"US", "CA"}
