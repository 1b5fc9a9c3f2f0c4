"""Rates that grow old, and positions that differ, are said before somebody stumbles over them."""

import logging
from datetime import date, timedelta

import pytest
from django.db import transaction

from apps.core.money import Money
from apps.finance.fx import services as fx
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.postings import AccountRef

pytestmark = pytest.mark.django_db


def test_young_rates_and_no_rates_are_no_news(quoted, now):
    assert fx.watch(now=now) == []
    quoted("EUR/USD 2026-01-14 1.16", "EUR/JPY 2026-01-10 182.1")
    assert fx.watch(now=now) == []


def test_a_rate_too_old_is_said(quoted, now, caplog):
    quoted("EUR/USD 2026-01-14 1.16")
    quoted("BTC/USD 2026-01-14 97000", source="KRAKEN")
    with caplog.at_level(logging.ERROR):
        assert fx.watch(now=now + timedelta(days=2)) == [
            "BTC/USD: the youngest rate is 3 days old"
        ]
        assert fx.watch(now=now + timedelta(days=5)) == [
            "BTC/USD: the youngest rate is 6 days old",
            "EUR/USD: the youngest rate is 6 days old",
        ]
    assert [record.message for record in caplog.records] == ["fx.rates_missing"] * 2


def test_a_pair_not_quoted_for_a_year_is_forgotten(quoted, now):
    quoted("EUR/USD 2024-12-31 1.04")
    assert fx.watch(now=now) == []


def test_positions_that_differ_from_the_books_are_said(now, caplog):
    bank = AccountRef("1000", "bank:main")
    with transaction.atomic():
        ledger.post(
            postings.exchange(
                exchange_id=1, sold=Money(110, "USD"), sold_from=bank, bought=Money(100, "EUR"),
                bought_into=bank, gain=Money(0, "USD"), effective_on=date(2026, 1, 9),
            ),
            now=now,
        )  # fmt: skip
    with caplog.at_level(logging.ERROR):
        assert fx.watch(now=now) == [
            "EUR: position 0, account 3900 100",
            "USD: costs 0, account 3900 110",
        ]
    assert caplog.records[0].message == "fx.positions_differ"
