"""Currencies in FanzDash: seen by finance, changed through services, every figure on its page."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.fx.models import CurrencyPosition, Exchange, ExchangeRate
from apps.finance.ledger.models import Entry
from apps.finance.ledger.postings import AccountRef

pytestmark = pytest.mark.django_db
RATES, EXCHANGES = "admin:fx_exchangerate_", "admin:fx_exchange_"
BANK = AccountRef("1000", "bank:main")


def rate(**changes):
    wish = {"base": "EUR", "quote": "USD", "rate": "1.1642", "on": "2026-01-09", "reason": "seen"}
    return wish | changes


def deal(**changes):
    wish = {
        "sold": "110.00", "sold_currency": "USD", "sold_from": "1000 bank:main",
        "bought": "100.00", "bought_currency": "EUR", "bought_into": "1000 bank:main",
        "effective_on": "2026-01-09", "reason": "statement 7", "key": "form-1",
    }  # fmt: skip
    return wish | changes


def test_a_rate_is_recorded_and_its_page_tells_its_story(console, quoted):
    quoted("EUR/USD 2026-01-09 1.1624")
    client = console("finance")
    assert client.post(reverse(f"{RATES}new"), rate()).status_code == 302
    row = ExchangeRate.objects.get(source="MANUAL")
    assert (row.rate, row.by) == (Decimal("1.1642"), client.user)
    page = client.get(reverse(f"{RATES}change", args=[row.pk])).content.decode()
    for words in ("EUR/USD on 2026-01-09", "1.1642", "1.1624", "seen", "ECB"):
        assert words in page
    old = ExchangeRate.objects.get(source="ECB")
    page = client.get(reverse(f"{RATES}change", args=[old.pk])).content.decode()
    assert "A newer row for this day counts instead" in page


def test_a_refused_rate_comes_back_as_it_was_typed(console, quoted):
    quoted("EUR/USD 2026-01-09 1.1624")
    answer = console("finance").post(reverse(f"{RATES}new"), rate(rate="11.642"))
    assert answer.status_code == 422
    assert "too far from the last one known" in answer.content.decode()
    assert 'value="11.642"' in answer.content.decode()
    assert ExchangeRate.objects.count() == 1


def test_a_list_finds_a_pair_in_few_queries(console, quoted, django_assert_max_num_queries):
    for day in range(1, 15):
        quoted(f"EUR/USD 2026-01-{day:02} 1.16", f"EUR/GBP 2026-01-{day:02} 0.87")
    client = console("finance")
    client.get(reverse(f"{RATES}changelist"))
    with django_assert_max_num_queries(30):
        page = client.get(reverse(f"{RATES}changelist"), {"q": "eur/gbp"}).content.decode()
    assert "EUR/GBP" in page
    assert "EUR/USD" not in page.split('id="result_list"')[-1].split("</table>")[0]


def test_an_exchange_is_booked_once_however_often_it_is_sent(console):
    client = console("finance")
    for _ in range(2):
        assert client.post(reverse(f"{EXCHANGES}new"), deal()).status_code == 302
    done = Exchange.objects.get()
    assert (done.sold, done.bought) == (Money(11_000, "USD"), Money(10_000, "EUR"))
    assert Entry.objects.count() == 1
    page = client.get(reverse(f"{EXCHANGES}change", args=[done.pk])).content.decode()
    assert "statement 7" in page
    assert Entry.objects.get().number in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"sold": "many"}, {"sold": "1.001"}, {"bought": "-1.00"}, {"sold_from": "bank"},
        {"sold_from": "2000 profile:7"}, {"bought_currency": "USD"}, {"reason": ""},
    ],
)  # fmt: skip
def test_a_wrong_exchange_comes_back_and_books_nothing(console, wrong):
    answer = console("finance").post(reverse(f"{EXCHANGES}new"), deal(**wrong))
    assert answer.status_code == 422
    assert not Exchange.objects.exists()
    assert not Entry.objects.exists()


def test_a_position_shows_cost_and_worth(console, quoted, now, finance):
    fx.exchange(
        sold=Money(11_000, "USD"), sold_from=BANK, bought=Money(10_000, "EUR"), bought_into=BANK,
        effective_on=date(2026, 1, 9), idempotency_key="1", by=finance, reason="x", now=now,
    )  # fmt: skip
    client = console("finance")
    page = client.get(reverse("admin:fx_currencyposition_changelist")).content.decode()
    assert "€100.00" in page
    assert "$110.00" in page
    row = CurrencyPosition.objects.get()
    page = client.get(reverse("admin:fx_currencyposition_change", args=[row.pk]))
    assert "no rate" in page.content.decode()


@pytest.mark.parametrize("name", [f"{RATES}new", f"{EXCHANGES}new"])
def test_who_may_not_record_sees_no_form(console, name):
    assert console("compliance").get(reverse(name)).status_code == 403
    assert console("compliance").post(reverse(name), {}).status_code == 403
