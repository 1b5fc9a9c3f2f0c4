"""HTTP of the books: accounts, entries and statements, in pages that never repeat or skip."""

from __future__ import annotations

import base64
import csv
import io
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import AuditRecord
from apps.finance.ledger import postings
from apps.finance.ledger.models import Account, Entry, Line
from tests.conftest import BRAND_HOST
from tests.finance.reports.conftest import card_tip, usd

pytestmark = pytest.mark.django_db

ROOT = "/api/v1/ledger/"


@pytest.fixture
def finance(console):
    return console("finance")


def read_csv(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def every_page(client: Client, where: str) -> list[dict[str, Any]]:
    found = []
    while where:
        page = client.get(where).json()
        found += page["results"]
        where = page["next"]
    return found


@pytest.mark.usefixtures("january")
class TestWhoMayRead:
    def paths(self) -> list[str]:
        account, entry = Account.objects.first(), Entry.objects.first()
        assert account is not None
        assert entry is not None
        return [
            f"{ROOT}accounts/",
            f"{ROOT}accounts/{account.pk}/statement/",
            f"{ROOT}entries/",
            f"{ROOT}entries/{entry.pk}/",
        ]

    @pytest.mark.parametrize("role", ["finance", "payouts", "compliance", "admin"])
    def test_those_whose_work_is_money(self, console, role):
        client = console(role)
        assert [client.get(path).status_code for path in self.paths()] == [200] * 4

    @pytest.mark.parametrize("role", ["support", "moderator", "security"])
    def test_no_other_staff(self, console, role):
        client = console(role)
        assert [client.get(path).status_code for path in self.paths()] == [403] * 4

    def test_no_creator_and_no_staff_without_a_second_factor(self, creator, staff):
        for user in (creator.user, staff("finance")):
            client = Client(headers={"host": BRAND_HOST})
            client.force_login(user)
            assert [client.get(path).status_code for path in self.paths()] == [403] * 4

    def test_nothing_can_be_written(self, finance):
        for path in self.paths():
            for method in ("post", "put", "patch", "delete"):
                answer = getattr(finance, method)(path, data="{}", content_type="application/json")
                assert answer.status_code == 405


@pytest.mark.usefixtures("february")
class TestEntries:
    def test_are_listed_by_accounting_date_the_newest_first(self, finance):
        found = finance.get(f"{ROOT}entries/", {"end": "2026-02-28"}).json()["results"]

        days = [entry["effective_on"] for entry in found]
        assert days == sorted(days, reverse=True)
        assert len(found) == Entry.objects.count()
        assert found[-1]["lines"] == [
            {
                "n": 1,
                "account": Account.objects.get(code="1000").pk,
                "code": "1000",
                "owner": "bank:main",
                "amount": {"amount": "1000.00", "currency": "USD"},
            },
            {
                "n": 2,
                "account": Account.objects.get(code="3000").pk,
                "code": "3000",
                "owner": "",
                "amount": {"amount": "-1000.00", "currency": "USD"},
            },
        ]

    @pytest.mark.parametrize("size", [1, 2, 5])
    def test_pages_neither_repeat_nor_skip(self, finance, post, size):
        for number in range(4):  # one day with several, and one posted late
            post(
                "2026-01-25",
                postings.expense_paid(expense_id=10 + number, bank="main", amount=usd("1.00")),
            )
        whole = finance.get(f"{ROOT}entries/?end=2026-12-31").json()["results"]

        assert every_page(finance, f"{ROOT}entries/?end=2026-12-31&page_size={size}") == whole
        assert len(whole) == Entry.objects.count()

    @pytest.mark.parametrize(
        ("asked", "sources"),
        [
            (
                {"code": "4000", "start": "2026-01-12"},
                [f"transaction:{n}:captured" for n in (6, 5, 4, 2)],
            ),
            ({"code": "21", "kind": "PAYOUT_RESERVED"}, ["payout:1:reserved"]),
            ({"code": "4000", "not_kind": "TIP_CARD"}, ["transaction:4:captured"]),
            ({"currency": "EUR"}, ["transaction:6:captured"]),
            ({"brand": "girlfanz"}, ["transaction:6:captured", "transaction:2:captured"]),
            ({"owner": "profile:9"}, ["transaction:4:captured", "transaction:3:captured"]),
            ({"start": "2026-01-16", "end": "2026-01-16"}, ["transaction:4:captured"]),
            ({"end": "2025-12-31"}, []),
        ],
    )  # fmt: skip
    def test_filters(self, finance, asked, sources):
        found = finance.get(f"{ROOT}entries/", {"end": "2026-12-31", **asked}).json()["results"]

        assert [entry["source"] for entry in found] == sources

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"code": "9999"}, "ledger.unknown_account"),
            ({"kind": "THEFT"}, "ledger.unknown_kind"),
            ({"brand": "nobody"}, "ledger.unknown_brand"),
            ({"currency": "XXX"}, "money.unknown_currency"),
            ({"start": "2026-02-01", "end": "2026-01-01"}, "ledger.end_before_start"),
            ({"page_size": "0"}, "request.invalid"),
            ({"page_size": "201"}, "request.invalid"),
            ({"start": "soon"}, "request.invalid"),
            ({"start": "0001-01-01"}, "request.invalid"),
            ({"end": "9999-12-31"}, "request.invalid"),
            ({"owner": "profile:\0"}, "request.invalid"),
        ],
    )
    @pytest.mark.parametrize("form", ["json", "csv", "html"])
    def test_nonsense_is_a_problem(self, finance, asked, code, form):
        answer = finance.get(f"{ROOT}entries/", {**asked, "format": form})

        assert (answer.status_code, answer.json()["code"]) == (422, code)

    @pytest.mark.parametrize(
        "cursor",
        ["x", "MjAyNg==", "MjAyNi0wMS0wMQotMQ==", "MjAyNi0wMS0wMQo5OTk5OTk5OTk5OTk5OTk5OTk5"],
    )
    def test_a_cursor_of_nobody_is_not_found(self, finance, cursor):
        assert finance.get(f"{ROOT}entries/", {"cursor": cursor}).status_code == 404

    def test_as_a_file_all_lines_and_sides_are_equal(self, finance):
        rows = read_csv(finance.get(f"{ROOT}entries/", {"end": "2026-12-31", "format": "csv"}))
        cents = {
            side: sum(int(row[side].replace(".", "")) for row in rows if row[side])
            for side in ("debit", "credit")
        }

        assert len(rows) == Line.objects.count()
        assert cents["debit"] == cents["credit"]
        assert AuditRecord.objects.get(action="ledger.exported").actor_id == finance.user.pk

    def test_as_a_page(self, finance):
        page = finance.get(
            f"{ROOT}entries/", {"end": "2026-02-28", "format": "html"}
        ).content.decode()

        assert "Equipment bought" in page
        assert "$300.00" in page
        assert "<script" not in page

    def test_one_entry(self, finance):
        entry = Entry.objects.get(source="transaction:1:captured")
        found = finance.get(f"{ROOT}entries/{entry.pk}/").json()

        assert found["number"] == entry.number
        assert [line["amount"]["amount"] for line in found["lines"]] == [
            "100.00",
            "-80.00",
            "-15.00",
            "-5.00",
        ]
        for missing in (10**9, 2**70):
            answer = finance.get(f"{ROOT}entries/{missing}/")
            assert (answer.status_code, answer.json()["code"]) == (404, "ledger.entry_not_found")

    def test_queries_do_not_grow_with_entries(self, finance, post, django_assert_num_queries):
        for number in range(20):
            post(
                "2026-02-20",
                card_tip(50 + number, 7, usd("9.00"), usd("1.00"), usd("0.50"), "boyfanz"),
            )
        with django_assert_num_queries(9):
            finance.get(f"{ROOT}entries/?end=2026-02-28&page_size=5")
        with django_assert_num_queries(11):
            finance.get(f"{ROOT}entries/?end=2026-02-28")


@pytest.mark.usefixtures("february")
class TestAccounts:
    def test_have_balances_on_their_normal_side(self, finance):
        found = finance.get(f"{ROOT}accounts/", {"code": "1000,2"}).json()["results"]
        balances = {(row["code"], row["owner"], row["currency"]): row["balance"] for row in found}

        assert balances["1000", "bank:main", "USD"] == {"amount": "974.00", "currency": "USD"}
        assert balances["2100", "profile:8", "EUR"] == {"amount": "64.00", "currency": "EUR"}
        assert not [code for code, _, _ in balances if code[0] not in "12"]

    @pytest.mark.parametrize("size", [1, 3])
    def test_pages_neither_repeat_nor_skip(self, finance, size):
        found = every_page(finance, f"{ROOT}accounts/?page_size={size}")

        assert len(found) == len({row["id"] for row in found}) == Account.objects.count()

    def test_filters_and_their_refusals(self, finance):
        asked = {"owner": "profile:7", "currency": "USD"}
        (row,) = finance.get(f"{ROOT}accounts/", asked).json()["results"]
        assert (row["code"], row["name"]) == ("2100", "Creator payable")
        for bad, code in (
            ({"code": "x"}, "ledger.unknown_account"),
            ({"currency": "x"}, "money.unknown_currency"),
        ):
            assert finance.get(f"{ROOT}accounts/", bad).json()["code"] == code

    def test_queries_do_not_grow_with_accounts(self, finance, django_assert_num_queries):
        for size in (2, 50):
            with django_assert_num_queries(5):
                finance.get(f"{ROOT}accounts/?page_size={size}")


@pytest.mark.usefixtures("february")
class TestStatement:
    def path(self, code: str = "1000") -> str:
        return f"{ROOT}accounts/{Account.objects.get(code=code, currency='USD').pk}/statement/"

    def test_runs_from_opening_to_closing(self, finance):
        found = finance.get(self.path(), {"start": "2026-01-04", "end": "2026-01-31"}).json()

        assert (found["opening"]["amount"], found["closing"]["amount"]) == ("1000.00", "474.00")
        assert [
            (line["amount"]["amount"], line["balance"]["amount"]) for line in found["results"]
        ] == [
            ("-300.00", "700.00"),
            ("-201.00", "499.00"),
            ("-25.00", "474.00"),
        ]

    def test_a_late_entry_takes_its_place_by_date(self, finance, post):
        post("2026-01-10", postings.expense_paid(expense_id=9, bank="main", amount=usd("4.00")))
        found = finance.get(self.path(), {"start": "2026-01-01", "end": "2026-01-31"}).json()

        assert [line["balance"]["amount"] for line in found["results"]] == [
            "1000.00",
            "700.00",
            "696.00",
            "495.00",
            "470.00",
        ]

    @pytest.mark.parametrize("size", [1, 2, 3])
    def test_pages_carry_the_balance_on(self, finance, post, size):
        for number in range(3):
            post(
                "2026-01-25",
                postings.expense_paid(expense_id=20 + number, bank="main", amount=usd("1.00")),
            )
        days = "start=2026-01-01&end=2026-12-31"
        whole = finance.get(f"{self.path()}?{days}").json()

        assert every_page(finance, f"{self.path()}?{days}&page_size={size}") == whole["results"]
        assert whole["results"][-1]["balance"] == whole["closing"]

    def test_of_a_liability_rises_with_credits(self, finance):
        asked = {"start": "2026-01-01", "end": "2026-02-28"}
        path = (
            f"{ROOT}accounts/{Account.objects.get(code='2100', owner='profile:7').pk}/statement/"
        )
        found = finance.get(path, asked).json()

        assert [line["balance"]["amount"] for line in found["results"]] == [
            "80.00",
            "97.00",
            "37.00",
            "197.00",
        ]

    def test_as_a_file_the_same(self, finance):
        asked = {"start": "2026-01-04", "end": "2026-01-31", "format": "csv"}
        rows = read_csv(finance.get(self.path(), asked))

        assert [row["balance"] for row in rows] == ["700.00", "499.00", "474.00"]

    def test_of_no_account_is_not_found(self, finance):
        for missing in (10**9, 2**70):
            answer = finance.get(f"{ROOT}accounts/{missing}/statement/")
            assert (answer.status_code, answer.json()["code"]) == (404, "ledger.account_not_found")

    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_a_cursor_from_the_end_of_time_breaks_nothing(self, finance, day):
        cursor = base64.urlsafe_b64encode(f"{day}\n1\n1".encode()).decode()
        asked = {"start": "2026-01-01", "end": "2026-01-31", "cursor": cursor}
        assert finance.get(self.path(), asked).status_code == 200
        asked["cursor"] = base64.urlsafe_b64encode(f"{day}\n1".encode()).decode()
        assert finance.get(f"{ROOT}entries/", asked).status_code == 200

    def test_refuses_a_period_upside_down(self, finance):
        asked = {"start": "2026-02-01", "end": "2026-01-01"}
        assert finance.get(self.path(), asked).json()["code"] == "ledger.end_before_start"
