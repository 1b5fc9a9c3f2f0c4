"""Tax in FanzDash: a rate entered by one and confirmed by another, brands turned on, returns."""

import pytest
from django.db import transaction
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.clusters.models import Cluster
from apps.core.money import Money
from apps.finance.tax import selectors
from apps.finance.tax import services as tax
from apps.finance.tax.models import BrandTaxation, StatementRun, TaxLine, TaxRate
from tests import given

pytestmark = pytest.mark.django_db
RATES = "admin:tax_taxrate_"


def rate(**changes):
    wish = {
        "place": "DE", "product": "ANY", "kind": "VAT", "percent": "19", "shown": "inside",
        "valid_from": "2026-01-01", "source": "UStG 12 (1)", "reason": "letter of the adviser",
    }  # fmt: skip
    return wish | changes


@pytest.fixture
def sold(entered, now):
    row = entered()

    def sell(proofs=("DECLARED:DE", "ADDRESS:DE"), number=1):
        with transaction.atomic():
            tax.record_sale(
                source=f"transaction:{number}:captured",
                cluster="boyfanz",
                lines=[
                    tax.SoldLine(
                        row.pk, "DE", "VAT", row.percent, Money(2101, "USD"), Money(399, "USD")
                    )
                ],
                proofs=proofs,
                sold_at=now,
            )

    return sell


def test_one_person_enters_a_rate_and_another_confirms_it(console):
    first, second = console("finance"), console("finance")
    assert first.post(reverse(f"{RATES}new"), rate()).status_code == 302
    row = TaxRate.objects.get()
    confirm = reverse(f"{RATES}do", args=["confirm"])
    first.post(confirm, {"ids": row.pk, "reason": "mine"})
    row.refresh_from_db()
    assert not row.is_confirmed
    second.post(confirm, {"ids": row.pk, "reason": "read the law"})
    row.refresh_from_db()
    assert row.confirmed_by == second.user
    page = second.get(reverse(f"{RATES}change", args=[row.pk])).content.decode()
    for words in ("VAT 19 %", "UStG 12 (1)", "letter of the adviser", "Confirmed"):
        assert words in page


@pytest.mark.parametrize(
    "wrong",
    [{"place": "EL"}, {"percent": "101"}, {"percent": "x"}, {"source": ""}, {"reason": ""}],
)
def test_a_wrong_rate_comes_back_and_nothing_is_kept(console, wrong):
    answer = console("finance").post(reverse(f"{RATES}new"), rate(**wrong))
    assert answer.status_code == 422
    assert not TaxRate.objects.exists()


def test_what_is_to_be_confirmed_is_a_queue(console, entered):
    entered("DE")
    entered("FR", "20", confirmed=False)
    page = console("finance").get(reverse(f"{RATES}changelist"), {"queue": "confirm"})
    table = page.content.decode().split('id="result_list"')[-1]
    assert "France" in table
    assert "Germany" not in table


def test_a_brand_is_turned_on_and_off(console, now):
    client, address = console("finance"), reverse("admin:tax_brandtaxation_new")
    brand = Cluster.objects.get(slug="boyfanz")
    wish = {"cluster": brand.pk, "turn": "on", "reason": "registered"}
    assert client.post(address, wish).status_code == 302
    answer = client.post(address, wish)
    assert answer.status_code == 422
    assert "set so already" in answer.content.decode()
    assert client.post(address, wish | {"turn": "off"}).status_code == 302
    assert list(BrandTaxation.objects.order_by("id").values_list("is_on", flat=True)) == [
        True,
        False,
    ]
    assert not selectors.collects_tax(cluster=brand, at=BrandTaxation.objects.latest("id").since)


def test_the_return_of_a_quarter_adds_up(console, sold):
    sold(number=1)
    sold(number=2)
    answer = console("finance").get(reverse("admin:tax_taxline_return"), {"quarter": "2026-Q1"})
    page = answer.content.decode()
    for words in ("Germany", "VAT 19 %", "$42.02", "$7.98", "no rate yet"):
        assert words in page


@pytest.mark.parametrize("quarter", ["2026", "2026-Q5", "2026-Q1'", "\0"])
def test_a_quarter_that_is_none_is_refused(console, quarter):
    answer = console("finance").get(reverse("admin:tax_taxline_return"), {"quarter": quarter})
    assert answer.status_code == 422


def test_sales_whose_proofs_do_not_agree_are_found(console, sold):
    sold(number=1)
    sold(("DECLARED:AE", "ADDRESS:DE"), number=2)
    line = TaxLine.objects.get(proofs_agree=False)
    client = console("finance")
    page = client.get(reverse("admin:tax_taxline_changelist"), {"proofs": "look"})
    table = page.content.decode().split('id="result_list"')[-1]
    assert f"#{line.pk}<" in table
    assert table.count("Do not agree") == 1
    page = client.get(reverse("admin:tax_taxline_change", args=[line.pk])).content.decode()
    assert "DECLARED:AE, ADDRESS:DE" in page


@pytest.mark.parametrize("name", ["taxrate_new", "brandtaxation_new"])
def test_who_may_not_change_tax_sees_no_form(console, name):
    assert console("compliance").get(reverse(f"admin:tax_{name}")).status_code == 403
    assert console("support").get(reverse("admin:tax_taxline_return")).status_code == 403


class TestStatements:
    NEW = "admin:tax_statementrun_new"

    @pytest.fixture
    def earned(self, now):
        return given.a_creator("700.00", now=now)

    def asked(self, client):
        wish = {"form": "DAC7", "year": "2026", "reason": "January filing"}
        assert client.post(reverse(self.NEW), wish).status_code == 302
        return StatementRun.objects.get()

    def test_are_asked_for_made_and_taken_on_record(self, console, earned):
        client = console("finance")
        run = self.asked(client)
        file = reverse("admin:tax_statementrun_file", args=[run.pk])
        assert client.get(file).status_code == 404
        while tax.make_step(now=run.as_of):
            pass
        page = client.get(reverse("admin:tax_statementrun_change", args=[run.pk]))
        for words in ("Ready", "1 of 1", earned.user.email, "$700.00", "birth date", file):
            assert words in page.content.decode()
        answer = client.get(file)
        assert answer["Content-Disposition"].startswith('attachment; filename="dac7-2026-')
        body = b"".join(answer.streaming_content).decode()
        assert body.splitlines()[1].startswith(f"U{earned.user_id},{earned.user.email},")
        record = AuditRecord.objects.get(action="tax.statements_taken")
        assert record.actor == client.user

    def test_people_with_missing_data_are_a_list(self, console, earned):
        run = self.asked(console("finance"))
        while tax.make_step(now=run.as_of):
            pass
        client = console("compliance")
        page = client.get(reverse("admin:tax_statementline_changelist"), {"q": str(run.pk)})
        assert "legal name, tax number, address, birth date" in page.content.decode()
        line = run.lines.get()
        page = client.get(reverse("admin:tax_statementline_change", args=[line.pk]))
        assert "PersonalServices/Consideration/ConsQ1" in page.content.decode()

    def test_compliance_may_look_but_neither_ask_nor_take(self, console, earned):
        run = self.asked(console("finance"))
        while tax.make_step(now=run.as_of):
            pass
        client = console("compliance")
        assert client.get(reverse(self.NEW)).status_code == 403
        file = reverse("admin:tax_statementrun_file", args=[run.pk])
        assert client.get(file).status_code == 403
        assert not AuditRecord.objects.filter(action="tax.statements_taken").exists()
