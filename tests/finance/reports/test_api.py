"""HTTP of the reports: who may read, what is refused, and the three forms of an answer."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.audit.models import AuditRecord
from tests.conftest import BRAND_HOST

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/reports/"
STATEMENTS = ["balance-sheet", "cash-flow", "profit-loss", "trial-balance"]


@pytest.fixture
def finance(console):
    return console("finance")


def read_csv(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


class TestWhoMayRead:
    @pytest.mark.parametrize("report", STATEMENTS)
    @pytest.mark.parametrize("role", ["finance", "compliance", "admin"])
    def test_those_whose_work_is_money(self, console, report, role):
        assert console(role).get(f"{ROOT}{report}/").status_code == 200

    @pytest.mark.parametrize("report", STATEMENTS)
    @pytest.mark.parametrize("role", ["support", "moderator", "security"])
    def test_no_other_staff(self, console, report, role):
        answer = console(role).get(f"{ROOT}{report}/")

        assert answer.status_code == 403
        assert answer.json()["code"] == "request.permission_denied"

    @pytest.mark.parametrize("report", STATEMENTS)
    def test_no_fan_and_no_creator(self, creator, report):
        client = Client(headers={"host": BRAND_HOST})
        client.force_login(creator.user)

        assert client.get(f"{ROOT}{report}/").status_code == 403

    @pytest.mark.parametrize("report", STATEMENTS)
    def test_not_without_the_second_factor(self, staff, report):
        client = Client(headers={"host": BRAND_HOST})
        client.force_login(staff("finance"))

        assert client.get(f"{ROOT}{report}/").status_code == 403

    def test_a_token_needs_the_second_factor_of_its_session(self, staff):
        api = APIClient(headers={"host": BRAND_HOST})
        api.force_authenticate(staff("finance"), token={"sid": "made-up"})  # type: ignore[arg-type]

        assert api.get(f"{ROOT}profit-loss/").status_code == 403


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"start": "2026-02-01", "end": "2026-01-31"}, "reports.end_before_start"),
            ({"start": "2015-12-31", "end": "2026-01-01"}, "reports.period_too_long"),
            ({"start": "2026-02-01"}, "reports.period_malformed"),
            ({"period": "2026-13"}, "reports.period_malformed"),
            ({"period": "0001"}, "reports.period_malformed"),
            ({"period": "2026", "start": "2026-01-01"}, "reports.period_malformed"),
            ({"brand": "nobody"}, "reports.unknown_brand"),
            ({"currency": "XXX"}, "money.unknown_currency"),
            ({"translate": "XXX"}, "money.unknown_currency"),
            ({"translate": "USD", "currency": "EUR"}, "reports.currency_twice"),
            ({"start": "yesterday", "end": "2026-01-01"}, "request.invalid"),
            ({"compare": "with-him"}, "request.invalid"),
        ],
    )
    @pytest.mark.parametrize("form", ["json", "csv", "html"])
    def test_are_problems_with_a_stable_code_in_every_form(self, finance, asked, code, form):
        answer = finance.get(f"{ROOT}profit-loss/", {**asked, "format": form})

        assert answer.status_code == 422
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code

    def test_ten_years_are_not_too_long(self, finance):
        asked = {"start": "2016-02-29", "end": "2026-02-27"}

        assert finance.get(f"{ROOT}profit-loss/", asked).status_code == 200

    @pytest.mark.usefixtures("february")
    def test_a_missing_rate_is_named(self, finance):
        answer = finance.get(f"{ROOT}profit-loss/", {"period": "2026-02", "translate": "USD"})

        assert answer.status_code == 409
        assert answer.json()["code"] == "fx.rate_missing"
        assert "Enter it under Exchange rates" in answer.json()["detail"]
        assert answer.json()["facts"] == {"pair": "EUR/USD", "month": "2026-02"}


@pytest.mark.usefixtures("february")
class TestForms:
    def test_json_has_money_as_text_and_links_to_entries(self, finance):
        asked = {"period": "2026-02", "compare": "previous", "currency": "USD"}
        report = finance.get(f"{ROOT}profit-loss/", asked).json()

        assert report["report"] == "profit-loss"
        assert [column["start"] for column in report["columns"]] == ["2026-02-01", "2026-01-01"]
        revenue = next(row for row in report["sheets"][0]["rows"] if row["code"] == "4000")
        assert revenue["figures"][0] == {
            "amount": {"amount": "30.00", "currency": "USD"},
            "entries": "/api/v1/ledger/entries/?code=4000&not_kind=PERIOD_CLOSE&currency=USD"
            "&start=2026-02-01&end=2026-02-28",
        }
        assert (revenue["change"]["amount"], revenue["change_percent"]) == ("4.50", "17.6")
        assert report["is_proved"] is True

    def test_a_link_leads_to_the_entries_that_make_the_figure(self, finance):
        report = finance.get(f"{ROOT}profit-loss/", {"period": "2026-01"}).json()
        revenue = next(row for row in report["sheets"][0]["rows"] if row["code"] == "4000")
        entries = finance.get(revenue["figures"][0]["entries"]).json()["results"]

        lines = [line for entry in entries for line in entry["lines"] if line["code"] == "4000"]
        assert [line["amount"]["amount"] for line in lines] == ["-3.00", "-7.50", "-15.00"]

    def test_csv_has_exact_figures_and_is_put_on_record(self, finance):
        answer = finance.get(f"{ROOT}profit-loss/", {"period": "2026-01", "format": "csv"})
        rows = read_csv(answer)

        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert rows[0][-1] == "January 2026 (current)"
        assert ["USD", "4000", "4000", "line", "1", "Platform revenue", "25.50"] in rows
        assert ["USD", "", "result", "total", "0", "Result of the period", "-4.00"] in rows
        record = AuditRecord.objects.get(action="reports.exported")
        assert record.actor_id == finance.user.pk
        assert record.facts["query"]["period"] == "2026-01"

    def test_the_page_says_what_it_is_and_needs_no_script(self, finance):
        answer = finance.get(
            f"{ROOT}profit-loss/",
            {"period": "2026-01", "brand": "boyfanz"},
            headers={"accept": "text/html"},
        )
        page = answer.content.decode()

        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert "<script" not in page
        assert "style=" not in page
        for words in ("boyfanz", "Profit and loss", "January 2026", "Accrual", finance.user.email):
            assert words in page
        assert ">18.00</a>" in page

    def test_no_cache_keeps_it(self, finance):
        for form in ("json", "csv", "html"):
            answer = finance.get(f"{ROOT}profit-loss/", {"format": form})
            assert answer["Cache-Control"] == "no-store"
