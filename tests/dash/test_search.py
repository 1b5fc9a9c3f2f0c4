"""Ctrl-K and the search of lists: by whole ids, addresses, handles and references."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.urls import reverse

from apps.core.admin import ConsoleAdmin
from apps.finance.ledger.models import Entry
from apps.finance.payments.models import Transaction
from tests import given

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

TERMS = [
    "17",
    "person@mail.example",
    "@someone",
    "JE-2026-000001",
    "payout:1:reserved",
    "PO-0123456789ABCDEF",
    "0d4f3c1e-0000-4000-8000-000000000000",
    "2100",
    "' OR 1=1 --",
    "9" * 40,
]


def found(client, term: str) -> list[str]:
    answer = client.get(reverse("admin:search"), {"s": term, "extended": "1"})
    assert answer.status_code == 200
    return [result.link for result in answer.context["results"]]


class TestControlK:
    def test_finds_a_row_by_what_people_paste(self, console, fan):
        given.a_funded_wallet(fan, "50.00", now=NOON)
        payout = given.a_requested_payout("20.00", now=NOON)
        payment, entry = Transaction.objects.get(), Entry.objects.order_by("id")[0]
        client = console("admin")

        pages = {
            term: reverse(f"admin:{label}_change", args=[pk])
            for term, label, pk in (
                (str(payment.public_id), "payments_transaction", payment.pk),
                (payment.gateway_reference, "payments_transaction", payment.pk),
                (entry.number, "ledger_entry", entry.pk),
                (payout.rail_reference, "payouts_payout", payout.pk),
                (fan.user.email, "accounts_user", fan.user_id),
                (f"@{fan.handle}", "accounts_profile", fan.pk),
            )
        }

        assert {term: found(client, term) for term in pages} == {
            term: [page] for term, page in pages.items()
        }

    def test_finds_nothing_that_the_role_may_not_open(self, console, fan, now):
        payout = given.a_requested_payout("20.00", now=now)

        assert found(console("moderator"), payout.rail_reference) == []
        assert found(console("payouts"), fan.user.email) == []

    @pytest.mark.parametrize("term", TERMS)
    def test_answers_any_term(self, console, term):
        assert found(console("admin"), term) == []


class TestSearchOfLists:
    @pytest.mark.parametrize("term", TERMS)
    def test_answers_any_term(self, console, term):
        client = console("admin")

        for model, page in admin.site._registry.items():
            if isinstance(page, ConsoleAdmin) and page.search_fields:
                answer = client.get(page.address("changelist"), {"q": term})
                assert answer.status_code in {200, 403}, model
