"""Reports in FanzDash: figures from the books, the way down to entries, errors in words."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags

from apps.core.money import Money
from apps.dash.views import REPORTS
from apps.finance.fx import services as fx
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from tests import given

pytestmark = pytest.mark.django_db
PAGES = [
    *(reverse("admin:report", args=[name]) for name in REPORTS),
    "/admin/reports/analytics/",
    "/admin/reports/general-ledger/",
]
CREATOR = "/admin/reports/creator/"
ENTRIES = "/admin/reports/entries/"
PROFIT = reverse("admin:report", args=["profit-loss"])


def sell(number: int, month: int, cents: int, *, currency: str = "USD") -> None:
    with transaction.atomic():
        ledger.post(
            postings.tip_by_card(
                transaction_id=number,
                creator_id=7,
                gateway="ccbill",
                amount=Money(cents, currency),
                platform_fee=Money(cents // 5, currency),
                processing_fee=Money(0, currency),
                cluster="boyfanz",
            ),
            now=datetime(2026, month, 10, 12, tzinfo=UTC),
        )


@pytest.fixture
def books(db):
    """Revenue of 20.00 in January and 50.00 in February."""
    for number, (month, cents) in enumerate([(1, 100_00), (2, 150_00), (2, 100_00)], 1):
        sell(number, month, cents)


def text_of(answer) -> str:
    return " ".join(strip_tags(answer.content.decode()).split())


class TestAStatement:
    def test_shows_the_period_beside_the_one_before(self, console, books):
        answer = console("finance").get(PROFIT, {"period": "2026-02", "compare": "previous"})

        assert "Platform revenue 50.00 20.00 +30.00 +150.0 %" in text_of(answer)

    def test_leads_from_a_figure_to_its_entries(self, console, books):
        client = console("finance")
        answer = client.get(PROFIT, {"period": "2026-02"})
        rows = answer.context["sheets"][0]["rows"]
        revenue = next(row for row in rows if row["code"] == "4000")

        entries = client.get(revenue["cells"][0]["href"])

        table = entries.context["section"]
        assert [strip_tags(str(row[-1])) for row in table.rows] == ["$20.00", "$30.00"]
        assert "4000 Platform revenue; from 01 Feb 2026; to 28 Feb 2026" in text_of(entries)

    def test_draws_its_months_side_by_side(self, console, books):
        answer = console("finance").get(PROFIT, {"period": "2026-02", "compare": "previous"})

        chart = answer.context["sheets"][0]["chart"]
        drawn = json.loads(chart.data)
        assert drawn["labels"] == ["Jan 26", "Feb 26"]
        assert [(each["label"], each["data"], each["grouped"]) for each in drawn["datasets"]] == [
            ("Revenue", ["20.00", "50.00"], True),
            ("Costs", ["0.00", "0.00"], True),
            ("Result", ["20.00", "50.00"], True),
        ]
        assert "January 2026 $20.00 $0.00 $20.00" in text_of(answer)

    def test_draws_a_loss_below_zero(self, console, books):
        with transaction.atomic():
            ledger.post(
                postings.expense_paid(expense_id=1, bank="main", amount=Money(80_00, "USD")),
                now=datetime(2026, 2, 20, tzinfo=UTC),
            )

        answer = console("finance").get(PROFIT, {"period": "2026-02"})

        drawn = json.loads(answer.context["sheets"][0]["chart"].data)
        assert drawn["datasets"][2]["data"] == ["20.00", "-30.00"]

    @pytest.mark.parametrize(
        ("name", "labels", "data"),
        [
            ("balance-sheet", ["Assets", "Liabilities", "Equity"], ["350.00", "280.00", "70.00"]),
            ("cash-flow", None, None),
        ],
    )
    def test_draws_its_sums(self, console, books, name, labels, data):
        page = reverse("admin:report", args=[name])

        answer = console("finance").get(page, {"period": "2026-02", "compare": "previous"})

        sheets = answer.context["sheets"]
        chart = sheets[0]["chart"] if sheets else None
        assert (chart is None) == (labels is None)
        if chart:
            drawn = json.loads(chart.data)
            assert drawn["labels"] == labels
            assert drawn["datasets"][0]["data"] == data
            assert [label for label, _ in chart.legend] == ["28 Feb 2026", "31 Jan 2026"]

    def test_without_the_rates_of_a_month_has_no_chart_over_time(self, console, books):
        sell(4, 2, 10_00, currency="EUR")
        with transaction.atomic():
            fx.record_rates(
                rows=[
                    fx.Quoted("EUR", "USD", date(2026, 2, day), Decimal("1.1"))
                    for day in range(2, 28)
                ],
                source="ECB",
                by=None,
                reason="",
                now=datetime(2026, 2, 28, tzinfo=UTC),
            )
        sell(5, 1, 10_00, currency="EUR")

        answer = console("finance").get(PROFIT, {"period": "2026-02", "translate": "USD"})

        assert answer.status_code == 200
        assert answer.context["sheets"][0]["chart"] is None

    def test_leaves_out_sections_of_nothing_and_its_files_do_not(self, console, books):
        client = console("finance")
        query = {"period": "2026-02"}

        page = text_of(client.get(PROFIT, query))
        address = client.get(PROFIT, query).context["files"][0][1]
        file = b"".join(client.get(address).streaming_content).decode()

        assert "Total revenue 50.00" in page
        assert "Other income" not in page
        assert "Total other income" in file
        assert "Result of the period 50.00" in page

    @pytest.mark.parametrize(
        ("query", "chosen"), [({}, ["This month"]), ({"period": "2020-02"}, [])]
    )
    def test_marks_the_period_it_shows(self, console, query, chosen):
        answer = console("finance").get(PROFIT, query)

        assert [
            label for label, _, is_chosen in answer.context["shortcuts"] if is_chosen
        ] == chosen

    def test_keeps_the_question_in_its_files(self, console, books):
        client = console("finance")
        answer = client.get(PROFIT, {"period": "2026-02", "brand": "boyfanz"})

        for label, href in answer.context["files"]:
            assert "period=2026-02" in href
            assert client.get(href).status_code == 200, label

    def test_narrows_to_a_brand(self, console, books):
        answer = console("finance").get(PROFIT, {"period": "2026-02", "brand": "girlfanz"})

        assert "Platform revenue 50.00" not in text_of(answer)

    def test_pages_its_entries(self, console, db):
        for n in range(1, 53):
            sell(n, 3, 5_00)
        client = console("finance")
        query = {"code": "4000", "start": "2026-03-01", "end": "2026-03-31"}

        first = client.get(ENTRIES, query).context["section"]
        second = client.get(ENTRIES + first.more).context["section"]

        assert (len(first.rows), len(second.rows), second.more) == (50, 2, "")


class TestOtherReports:
    def test_show_each_account_of_the_general_ledger(self, console, books):
        answer = console("finance").get("/admin/reports/general-ledger/", {"period": "2026-02"})

        row = "2100 Creator payable · profile:7 $80.00 $0.00 $200.00 $280.00"
        assert row in text_of(answer)

    def test_page_the_general_ledger(self, console, books, monkeypatch):
        monkeypatch.setattr("apps.dash.views.ledgers.ACCOUNTS_ON_A_PAGE", 2)
        client, url = console("finance"), "/admin/reports/general-ledger/"

        first = client.get(url, {"period": "2026-02"}).context["pieces"][0].section
        second = client.get(url + first.more).context["pieces"][0].section

        assert (len(first.rows), len(second.rows)) == (2, 1)

    def test_show_what_a_creator_earned(self, console, now):
        creator = given.a_creator("80.00", now=now)

        answer = console("finance").get(CREATOR, {"creator": creator.pk, "period": "2026-01"})

        assert "Tip by card $80.00" in text_of(answer)
        assert "available $80.00" in text_of(answer)

    def test_ask_for_the_creator_first(self, console):
        answer = console("finance").get(CREATOR)

        assert answer.status_code == 200
        assert "Profile number" in text_of(answer)

    def test_say_that_there_is_no_such_creator(self, console):
        answer = console("finance").get(CREATOR, {"creator": "404", "period": "2026-01"})

        assert answer.status_code == 422
        assert "There is no such creator." in text_of(answer)

    def test_show_revenue_over_time(self, console, books):
        answer = console("finance").get("/admin/reports/analytics/", {"period": "2026"})

        text = text_of(answer)
        assert "February 2026 $50.00 $0.00 $50.00" in text


class TestAQuestionThatMakesNoSense:
    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize(
        "query",
        [
            {"period": "2026-13"},
            {"period": "2026-01\0"},
            {"period": "x" * 500},
            {"start": "2026-01-01"},
            {"start": "2026-02-01", "end": "2026-01-01"},
            {"start": "0001-01-01", "end": "9999-12-31"},
            {"start": "yesterday", "end": "2026-01-01"},
            {"period": "2026", "start": "2026-01-01", "end": "2026-01-02"},
            {"brand": "nowhere"},
            {"currency": "XYZ"},
        ],
    )
    def test_is_answered_in_words(self, console, page, query):
        answer = console("finance").get(page, query)

        assert answer.status_code == 422
        assert answer.context["wrong"]
        assert 'role="alert"' in answer.content.decode()

    def test_about_two_currencies_is_too(self, console):
        answer = console("finance").get(PROFIT, {"currency": "USD", "translate": "EUR"})

        assert answer.status_code == 422

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"end": "never"},
            {"end": "2026-01-31", "code": "9999"},
            {"end": "2026-01-31", "kind": "NOTHING"},
            {"end": "2026-01-31", "brand": "a\0b"},
            {"end": "2026-01-31", "start": "2026-99-01"},
        ],
    )
    def test_of_entries_is_a_broken_link(self, console, query):
        assert console("finance").get(ENTRIES, query).status_code == 422

    @pytest.mark.parametrize(
        "before", ["x", "2026-01-01", "2026-01-01.x", "2026-01-01." + "9" * 40]
    )
    def test_of_a_page_starts_anew(self, console, books, before):
        query = {"code": "4000", "end": "2026-12-31", "before": before}

        assert len(console("finance").get(ENTRIES, query).context["section"].rows) == 3


class TestPermission:
    @pytest.mark.parametrize("page", [*PAGES, CREATOR, ENTRIES])
    @pytest.mark.parametrize("role", ["support", "security", "moderator"])
    def test_is_asked_by_every_page(self, console, page, role):
        assert console(role).get(page).status_code == 403

    def test_of_what_is_no_report_is_not_found(self, console):
        assert console("finance").get("/admin/reports/nonsense/").status_code == 404


class TestCost:
    @pytest.mark.parametrize("page", PAGES)
    def test_is_the_same_for_three_and_for_sixty_sales(self, console, books, page):
        client = console("finance")
        client.get(page, {"period": "2026-02"})
        with CaptureQueriesContext(connection) as few:
            client.get(page, {"period": "2026-02"})

        for n in range(10, 67):
            sell(n, 2, 10_00)
        with CaptureQueriesContext(connection) as many:
            client.get(page, {"period": "2026-02"})

        assert len(many) == len(few)
        assert len(few) < 40
