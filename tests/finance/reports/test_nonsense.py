"""Whatever is asked, the API of books and reports answers or says in a problem what is wrong."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import random
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.test import Client
from rest_framework.views import APIView

from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger.models import Account
from tests.conftest import BRAND_HOST
from tests.factories.accounts import CreatorFactory
from tests.finance.reports.conftest import card_tip, post_on, usd
from tests.finance.reports.test_api import ROOT, read_csv

pytestmark = pytest.mark.django_db

BOOKS = "/api/v1/ledger/"
PAGES = [
    *(
        f"{ROOT}{name}/"
        for name in (
            "analytics",
            "balance-sheet",
            "cash-flow",
            "creator-statement",
            "general-ledger",
            "profit-loss",
            "trial-balance",
        )
    ),
    f"{BOOKS}accounts/",
    f"{BOOKS}entries/",
    f"{BOOKS}entries/1/",
    f"{BOOKS}entries/{2**63}/",
    f"{BOOKS}accounts/1/statement/",
    f"{BOOKS}accounts/{10**30}/statement/",
]
NAMES = [
    "period", "start", "end", "brand", "currency", "compare", "translate", "step", "code", "owner",
    "kind", "not_kind", "side", "beside", "creator", "cursor", "page_size", "format", "unknown",
]  # fmt: skip


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode("\n".join(map(str, parts)).encode()).decode()


#: So many of BAD for each filter; all of them takes minutes and was done once.
AT_ONCE = int(os.environ.get("NONSENSE", "3"))
BAD = [
    *("", " ", "\0", "a\0b", "\u202e", "x" * 5_000, "0", "-1", "1e9", "NaN", "null", "'", '"'),
    *("%", "%00", "%s", "%(cluster)s", "{}", "=1+1", "2026", "2026-02", "2026-Q1", "2026-02-29"),
    *("2026-02-28", "0001-01-01", "2000-01-01", "2199-12-31", "9999-12-31", "boyfanz", "BOYFANZ"),
    *("USD", "JPY", "BTC", "usd", "previous", "last-year", "month", "day", "1", "1,2,3"),
    *(
        "[]",
        "1000,",
        ",",
        "4000",
        "TIP_CARD",
        "DEBIT",
        "profile:1",
        "200",
        "201",
        str(2**63),
        str(2**64),
        "١٢",
    ),
    *("csv", "html", "json", "xml", "////", "====", "2000", "1999", "2199", "2200"),
    *(cursor(), cursor("a"), cursor("2026-01-01", 1), cursor("9999-12-31", 2**63 - 1)),
    *(cursor("0001-01-01", 0), cursor("2026-01-01", 2**63), cursor("2026-01-01", 1, 2**62)),
    *(cursor("9999-12-31", 1, 1), cursor("0001-01-01", 1, 1), cursor("1000", "x" * 150, "USD")),
    *(cursor("1000", "a\0", "USD"), cursor("2026-01-01", "9" * 200)),
    base64.urlsafe_b64encode(b"\xff\n\n").decode(),
]


@pytest.fixture
def finance(console, monkeypatch):
    """Nobody asks so often in a minute; here all do."""
    monkeypatch.setattr(APIView, "throttle_classes", [])
    post_on("2026-01-05", card_tip(1, 7, usd("100.00"), usd("15.00"), usd("5.00"), "boyfanz"))
    return console("finance")


def ask(client: Client, url: str, asked: list[tuple[str, str]], **more: str) -> str:
    """Ask, check the form of the answer, and return the code of the problem."""
    answer = client.get(f"{url}?{urlencode(asked)}", headers=more or None)
    said = f"{answer.status_code} {url} {asked!r:.300}"
    if answer.streaming:
        list(csv.reader(io.StringIO(answer.getvalue().decode())))
    assert answer.status_code in {200, 404, 406, 409, 422}, said
    if answer.status_code == 200:
        return ""
    assert answer["Content-Type"] == "application/problem+json", said
    code: str = answer.json()["code"]
    assert code.partition(".")[2], said
    assert answer.status_code != 409 or code == "fx.rate_missing", said
    return code


@pytest.mark.parametrize("url", PAGES)
def test_every_filter_with_nonsense(finance, url):
    chosen = random.Random(url)  # noqa: S311 - a seed, no secret
    for name in NAMES:
        for value in chosen.sample(BAD, AT_ONCE):
            ask(finance, url, [(name, value)])


@pytest.mark.parametrize("url", PAGES)
def test_filters_put_together_at_random(finance, url):
    chosen = random.Random(url)  # noqa: S311 - a seed, no secret
    for _ in range(25):
        asked = [(chosen.choice(NAMES), chosen.choice(BAD)) for _ in range(chosen.randrange(2, 7))]
        ask(finance, url, asked)


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize(
    "accept",
    ["*/*", "text/csv", "text/html;q=0.1", "image/png", "nonsense", 'a/b;c="d', "x" * 999],
)
def test_whatever_form_is_accepted(finance, url, accept):
    code = ask(finance, url, [], accept=accept)

    assert code in {"", "request.not_acceptable", "request.invalid"} or "not_found" in code


@pytest.mark.parametrize("url", PAGES)
@pytest.mark.parametrize("method", ["head", "options", "post", "put", "patch", "delete"])
def test_other_methods_change_nothing(finance, url, method):
    answer = getattr(finance, method)(url)

    assert answer.status_code in {200, 403, 404, 405}
    if answer.status_code != 200 and method != "head":
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("url", PAGES)
def test_nobody_without_rights_learns_whether_a_question_is_good(url, fan):
    stranger, signed_in = (
        Client(headers={"host": BRAND_HOST}),
        Client(headers={"host": BRAND_HOST}),
    )
    signed_in.force_login(fan.user)

    for client in (stranger, signed_in):
        for query in ("", "?format=csv", "?period=nonsense", "?cursor=nonsense"):
            answer = client.get(url + query)
            assert answer.status_code in {401, 403, 404, 422}
            assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("url", [f"{ROOT}profit-loss/", f"{BOOKS}entries/"])
@pytest.mark.parametrize("value", ["\0", "x" * 50_000, "\ufffe", "4111 1111 1111 1111"])
def test_a_file_is_put_on_record_whatever_stands_in_its_question(finance, url, value):
    assert ask(finance, url, [("format", "csv"), ("utm", value)]) == ""
    assert ask(finance, url, [("format", "csv"), (value, "1")]) == ""


def test_files_run_no_formula_and_their_figures_parse_back(finance):
    post_on(
        "2026-01-06",
        postings.expense_paid(expense_id=1, bank="main", amount=usd("1234567.89"))._replace(
            memo='=HYPERLINK("http://x","y")'
        ),
    )
    coins = [Money(units, "BTC") for units in (123456789, 12, 1)]
    post_on(
        "2026-01-07",
        card_tip(9, 7, coins[0], coins[1], coins[2], "boyfanz")._replace(memo="+1,\r\n@x\t"),
    )
    bank = Account.objects.get(code="1000").pk
    for url in (
        f"{ROOT}general-ledger/",
        f"{BOOKS}entries/",
        f"{BOOKS}accounts/{bank}/statement/",
    ):
        asked = {"start": "2026-01-01", "end": "2026-01-31", "format": "csv"}
        head, *rows = read_csv(finance.get(url, asked))
        for row in rows:
            for name, cell in zip(head, row, strict=True):
                if name in {"debit", "credit", "balance", "amount"}:
                    assert not cell or Decimal(cell) is not None
                else:
                    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (name, cell)
    rows = read_csv(finance.get(f"{BOOKS}entries/", {"format": "csv"}))[1:]
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[-3]] = (
            sums.get(row[-3], Decimal(0)) + Decimal(row[-2] or 0) - Decimal(row[-1] or 0)
        )
    assert sums == {"USD": 0, "BTC": 0}
    assert "1.23456789" in {row[-2] for row in rows}


def test_a_creator_cannot_read_another_by_any_spelling(finance):
    creator, other = CreatorFactory.create(), CreatorFactory.create()
    client = Client(headers={"host": BRAND_HOST})
    client.force_login(creator.user)
    for value in (str(other.pk), f" {other.pk} ", f"0{other.pk}", f"+{other.pk}", f"{other.pk}.0"):
        for form in ("json", "csv", "html"):
            query = urlencode({"creator": value, "format": form})
            answer = client.get(f"{ROOT}creator-statement/?{query}")
            assert answer.status_code in {404, 422}, value
    twice = client.get(f"{ROOT}creator-statement/?creator={creator.pk}&creator={other.pk}")
    assert json.loads(twice.content)["code"] == "reports.creator_not_found"
