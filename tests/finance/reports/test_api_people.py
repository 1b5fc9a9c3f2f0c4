"""HTTP of analytics, the general ledger and creators' statements."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.audit.models import AuditRecord
from apps.finance.ledger import postings
from tests.factories.accounts import CreatorFactory
from tests.finance.reports.conftest import card_tip, eur, usd
from tests.finance.reports.test_api import read_csv

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/reports/"


@pytest.fixture
def finance(console):
    return console("finance")


@pytest.fixture
def earned(creator, post):
    post(
        "2026-01-05", card_tip(1, creator.pk, usd("100.00"), usd("15.00"), usd("5.00"), "boyfanz")
    )
    return creator


def signed_in(profile) -> APIClient:
    api = APIClient(headers={"host": f"{profile.cluster.slug}.localhost"})
    api.force_authenticate(profile.user)
    return api


class TestCreatorStatement:
    MONTH = {"period": "2026-01"}

    def test_a_creator_reads_the_own_one(self, earned):
        answer = signed_in(earned).get(f"{ROOT}creator-statement/", self.MONTH)
        sheet = answer.json()["sheets"][0]

        assert answer.status_code == 200
        assert sheet["lines"][0]["gross"] == {"amount": "100.00", "currency": "USD"}
        assert sheet["sections"][0] == {
            "section": "sales",
            "total": {"amount": "80.00", "currency": "USD"},
        }
        assert sheet["closing"]["available"]["amount"] == "80.00"
        assert answer.json()["is_proved"] is True

    def test_nobody_elses(self, earned):
        other = CreatorFactory.create()
        for who, wanted in ((other, earned.pk), (earned, other.pk), (earned, 10**9)):
            answer = signed_in(who).get(f"{ROOT}creator-statement/", {"creator": wanted})
            assert answer.status_code == 404
            assert answer.json()["code"] == "reports.creator_not_found"

    def test_a_fan_has_none(self, fan):
        assert signed_in(fan).get(f"{ROOT}creator-statement/").status_code == 404

    def test_staff_reads_any_but_not_without_the_role_and_factor(self, earned, console, staff):
        asked = {"creator": earned.pk, **self.MONTH}
        assert console("finance").get(f"{ROOT}creator-statement/", asked).status_code == 200
        assert console("moderator").get(f"{ROOT}creator-statement/", asked).status_code == 404
        half = Client(headers={"host": "boyfanz.localhost"})
        half.force_login(staff("finance"))
        assert half.get(f"{ROOT}creator-statement/", asked).status_code == 404

    def test_as_a_file_and_as_a_page(self, earned):
        client = signed_in(earned)
        rows = read_csv(client.get(f"{ROOT}creator-statement/", {**self.MONTH, "format": "csv"}))
        page = client.get(f"{ROOT}creator-statement/", {**self.MONTH, "format": "html"})

        assert rows[2][5:] == [
            "sales",
            "TIP_CARD",
            "Tip by card",
            "100.00",
            "15.00",
            "5.00",
            "80.00",
        ]
        assert rows[-1][-1] == "80.00"
        assert "Statement of A Creator" in page.content.decode()
        assert not AuditRecord.objects.filter(action="reports.exported").exists()

    def test_staff_taking_one_out_is_on_record(self, earned, finance):
        asked = {"creator": earned.pk, "format": "csv"}
        read_csv(finance.get(f"{ROOT}creator-statement/", asked))

        assert AuditRecord.objects.get(action="reports.exported").actor_id == finance.user.pk

    @pytest.mark.parametrize("bad", ["0", "-1", "x", str(2**63)])
    def test_nonsense_is_refused(self, earned, bad):
        answer = signed_in(earned).get(f"{ROOT}creator-statement/", {"creator": bad})

        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.usefixtures("paid")
class TestAnalytics:
    def test_json_with_a_series_and_a_comparison(self, finance):
        asked = {"period": "2026-01", "compare": "previous", "step": "month"}
        found = finance.get(f"{ROOT}analytics/", asked).json()

        assert found["current"]["sheets"][0]["volume"]["amount"] == "100.00"
        assert found["current"]["outcomes"][0]["success_percent"] == "66.7"
        assert found["compared"]["sheets"] == []
        (point,) = found["series"][0]["points"]
        assert point["revenue"] == {"amount": "8.75", "currency": "USD"}

    def test_as_a_file_and_as_a_page(self, finance):
        asked = {"period": "2026-01", "step": "day"}
        rows = read_csv(finance.get(f"{ROOT}analytics/", {**asked, "format": "csv"}))
        page = finance.get(f"{ROOT}analytics/", {**asked, "format": "html"}).content.decode()

        assert ["2026-01-01", "2026-01-31", "USD", "volume", "", "", "4", "100.00", ""] in rows
        assert "Volume by gateway" in page

    def test_only_for_staff_with_the_role(self, console, fan):
        assert console("support").get(f"{ROOT}analytics/").status_code == 403
        assert signed_in(fan).get(f"{ROOT}analytics/").status_code == 403

    def test_ten_years_of_days_are_refused(self, finance):
        asked = {"start": "2016-01-01", "end": "2025-12-31", "step": "day"}
        answer = finance.get(f"{ROOT}analytics/", asked)

        assert (answer.status_code, answer.json()["code"]) == (422, "reports.too_fine")


@pytest.mark.usefixtures("february")
class TestGeneralLedger:
    def test_accounts_with_both_ends(self, finance):
        found = finance.get(f"{ROOT}general-ledger/", {"period": "2026-02", "code": "10,2100"})
        rows = {
            (row["code"], row["owner"], row["currency"]): row for row in found.json()["results"]
        }

        bank = rows["1000", "bank:main", "USD"]
        assert [bank[name]["amount"] for name in ("opening", "debits", "credits", "closing")] == [
            "474.00",
            "500.00",
            "0.00",
            "974.00",
        ]
        creator = rows["2100", "profile:7", "USD"]
        assert (creator["opening"]["amount"], creator["closing"]["amount"]) == ("37.00", "197.00")
        assert finance.get(bank["statement"]).json()["closing"]["amount"] == "974.00"

    def test_in_pages_it_is_the_same(self, finance):
        whole = finance.get(f"{ROOT}general-ledger/", {"period": "2026-02"}).json()
        pages, where = [], f"{ROOT}general-ledger/?period=2026-02&page_size=4"
        while where:
            page = finance.get(where).json()
            pages += page["results"]
            where = page["next"]

        assert len(pages) > 8
        assert pages == whole["results"]

    def test_of_one_brand_and_part_of_a_month(self, finance):
        asked = {"start": "2026-01-16", "end": "2026-02-10", "brand": "boyfanz", "code": "4000"}
        (row,) = finance.get(f"{ROOT}general-ledger/", asked).json()["results"][-1:]

        assert (row["opening"]["amount"], row["closing"]["amount"]) == ("15.00", "48.00")

    def test_as_a_file_every_line_with_its_balance(self, finance):
        asked = {"period": "2026-01", "code": "1000", "format": "csv"}
        rows = read_csv(finance.get(f"{ROOT}general-ledger/", asked))

        assert [row[-3:] for row in rows[1:]] == [
            ["1000.00", "", "1000.00"],
            ["", "300.00", "700.00"],
            ["", "201.00", "499.00"],
            ["", "25.00", "474.00"],
        ]
        asked["period"] = "2026-02"
        assert read_csv(finance.get(f"{ROOT}general-ledger/", asked))[1][-1] == "974.00"

    def test_an_unknown_code_is_refused(self, finance):
        answer = finance.get(f"{ROOT}general-ledger/", {"code": "4000,9999"})

        assert answer.status_code == 422
        assert answer.json()["code"] == "reports.unknown_account_code"

    def test_queries_do_not_grow_with_accounts(self, finance, post, django_assert_max_num_queries):
        for number in range(30):
            post(
                "2026-02-20",
                card_tip(
                    50 + number, 100 + number, eur("9.00"), eur("1.00"), eur("0.50"), "boyfanz"
                ),
            )
        with django_assert_max_num_queries(12):
            assert len(finance.get(f"{ROOT}general-ledger/").json()["results"]) > 30


def test_a_formula_in_a_memo_stays_text(finance, post):
    draft = postings.expense_paid(expense_id=1, bank="main", amount=usd("5.00"))
    post("2026-01-02", draft._replace(memo='=HYPERLINK("http://x")'))
    rows = read_csv(finance.get(f"{ROOT}general-ledger/", {"period": "2026-01", "format": "csv"}))

    assert rows[1][11] == '\'=HYPERLINK("http://x")'


@pytest.mark.usefixtures("february")
class TestPagesToPrint:
    def test_the_general_ledger_leads_to_its_accounts(self, finance):
        asked = {"period": "2026-02", "code": "1000", "format": "html"}
        page = finance.get(f"{ROOT}general-ledger/", asked).content.decode()

        for words in ("General ledger", "February 2026", "Cash at bank", ">974.00<"):
            assert words in page
        href = re.search(r'href="(/api/v1/ledger/accounts/[^"]+)"', page)
        assert href is not None
        account = finance.get(unescape(href[1])).content.decode()
        for words in ("1000 Cash at bank", "bank:main", ">474.00<", ">500.00<", ">974.00<"):
            assert words in account
        assert "<script" not in page + account

    def test_of_one_brand_it_leads_to_the_entries_of_that_brand(self, finance):
        asked = {"period": "2026-01", "code": "4000", "brand": "boyfanz", "currency": "USD"}
        (row,) = finance.get(f"{ROOT}general-ledger/", asked).json()["results"]
        lines = read_csv(finance.get(row["entries"] + "&format=csv"))[1:]

        assert row["statement"] is None
        assert [line[-1] for line in lines] == ["15.00", "3.00"]
        assert row["credits"]["amount"] == "18.00"
        page = finance.get(f"{ROOT}general-ledger/", {**asked, "format": "html"}).content.decode()
        assert "brand=boyfanz" in page

    def test_are_paged(self, finance):
        asked = "period=2026-02&format=html&page_size=2"
        page = finance.get(f"{ROOT}general-ledger/?{asked}").content.decode()
        following = re.search(r'href="(http[^"]+cursor=[^"]+)"', page)

        assert following is not None
        second = finance.get(unescape(following[1]))
        assert second.status_code == 200
        assert second["Content-Type"] == "text/html; charset=utf-8"
