"""Settlements and funding, as the people of finance book them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Profile
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.ledger.models import Entry
from apps.finance.reconciliation.models import ReconciliationException
from tests.finance.reconciliation.given import a_matched, a_row, a_sale, a_source

pytestmark = pytest.mark.django_db
Console = Callable[[str], Client]
SETTLEMENT = reverse("admin:reconciliation_reconciliationexception_do", args=["settlement"])
FUNDING = reverse("admin:reconciliation_reconciliationexception_do", args=["funding"])


def a_bank_line(amount: str, now: datetime) -> ReconciliationException:
    bank = a_source(name="Main bank", code="1000", owner="bank:main")
    return a_matched(bank, a_row("P1", amount), now=now).exceptions.get()


def filled(found: ReconciliationException, **changes: Any) -> dict[str, Any]:
    return {
        "ids": found.pk,
        "gateway": "ccbill",
        "gross": "50.00",
        "fees": "4.00",
        "reserve": "2.50",
        "reason": "Their settlement.",
        **changes,
    }


def page_of(found: ReconciliationException) -> str:
    return reverse("admin:reconciliation_reconciliationexception_change", args=[found.pk])


def test_a_settlement_is_booked_from_the_page_of_the_bank_line(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "50.00")
    theirs = a_matched(a_source(), a_row("S1", "50.00"), a_row("P1", "-50.00"), now=now)
    payout = theirs.lines.get(reference="P1")
    found = a_bank_line("43.50", now)
    browser = console("finance")

    page = browser.get(page_of(found)).content.decode()
    assert "Book as a settlement" in page
    assert "Book as rail funding" not in page
    preview = browser.get(SETTLEMENT, {"ids": found.pk}).content.decode()
    assert "Debits 1000 bank:main with the $43.50 that came" in preview
    assert "10 Jan 2026, CCBill USD, P1, \N{MINUS SIGN}$50.00" in preview

    assert browser.post(SETTLEMENT, filled(found, gross="")).status_code == 422
    assert browser.post(SETTLEMENT, filled(found, gateway="nobody")).status_code == 422
    assert browser.post(SETTLEMENT, filled(found, reason=" ")).status_code == 422
    refused = browser.post(SETTLEMENT, filled(found, gross="50.001"), follow=True)
    assert "more decimal places" in refused.content.decode()
    assert not Entry.objects.filter(kind="SETTLEMENT_RECEIVED").exists()

    answer = browser.post(SETTLEMENT, filled(found, line_ids=[payout.pk]), follow=True)

    assert "Booked as a settlement of ccbill and matched." in answer.content.decode()
    assert ledger.balance_of(postings.cash("main"), "USD") == Money.of("43.50", "USD")
    assert ledger.balance_of(postings.processor_clearing("ccbill"), "USD") == Money.zero("USD")
    theirs.refresh_from_db()
    assert theirs.state == "COMPLETE"


def test_the_second_person_sees_what_the_first_has_said(
    console: Console, fan: Profile, creator: Profile, now: datetime
) -> None:
    a_sale(fan, creator, "S1", "1000.00")
    found = a_bank_line("990.00", now)
    large = filled(found, gross="1000.00", fees="10.00", reserve="")
    first, second = console("finance"), console("finance")

    answer = first.post(SETTLEMENT, large, follow=True)
    assert "Another person must want the same" in answer.content.decode()
    assert "you have said so" in first.get(SETTLEMENT, {"ids": found.pk}).content.decode()
    preview = second.get(SETTLEMENT, {"ids": found.pk}).content.decode()
    assert "do settlement, of ccbill, gross $1,000.00, fees $10.00" in preview
    second.post(SETTLEMENT, large)

    assert ledger.balance_of(postings.cash("main"), "USD") == Money.of("990.00", "USD")


def test_funding_is_booked_from_the_page_of_the_bank_line(console: Console, now: datetime) -> None:
    a_source(name="Paxum", code="1200", owner="rail:PAXUM")
    found = a_bank_line("-510.00", now)
    browser = console("finance")
    assert "Book as a settlement" not in browser.get(page_of(found)).content.decode()
    preview = browser.get(FUNDING, {"ids": found.pk}).content.decode()
    assert "Credits 1000 bank:main with the $510.00 that went" in preview

    browser.post(
        FUNDING, {"ids": found.pk, "rail": "PAXUM", "fee": "10.00", "reason": "For Friday."}
    )

    assert ledger.balance_of(postings.rail_cash("PAXUM"), "USD") == Money.of("500.00", "USD")


@pytest.mark.parametrize("address", [SETTLEMENT, FUNDING])
def test_who_may_not_settle_can_not_book(console: Console, now: datetime, address: str) -> None:
    found = a_bank_line("43.50", now)
    browser = console("support")

    assert browser.get(address, {"ids": found.pk}).status_code == 403
    assert browser.post(address, filled(found)).status_code == 403
    assert not Entry.objects.exists()
