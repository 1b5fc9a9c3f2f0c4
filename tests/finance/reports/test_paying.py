"""How paying works: counts and costs by what a payment went through, exact and by one question."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.finance.payments.models import Transaction
from apps.finance.payments.selectors.cuts import Cut
from apps.finance.reports import selectors as reports
from tests.finance.reports.conftest import of, usd

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/reports/payments/"


def rows(by, scope=None):
    report = reports.payments_by(by, scope or of("2026-01"))
    return {
        part.key: (part.started, part.captured, part.declined, str(part.volume.decimal))
        for part in report.parts
    }


@pytest.mark.usefixtures("paid")
class TestCuts:
    def test_by_gateway_with_the_wallet_under_no_name(self):
        assert rows(Cut.GATEWAY) == {
            "ccbill": (3, 2, 1, "75.00"),
            "": (2, 2, 0, "25.00"),
        }

    def test_by_account_under_its_name(self):
        assert rows(Cut.ACCOUNT)["ccbill 900000-0002"] == (3, 2, 1, "75.00")

    def test_by_brand_kind_and_method(self):
        assert rows(Cut.BRAND) == {"boyfanz": (5, 4, 1, "100.00")}
        assert rows(Cut.KIND) == {
            "WALLET_DEPOSIT": (1, 1, 0, "50.00"),
            "TIP": (4, 3, 1, "50.00"),
        }
        assert rows(Cut.METHOD) == {"CARD": (3, 2, 1, "75.00"), "WALLET": (2, 2, 0, "25.00")}

    def test_by_what_the_gateway_told_of_the_card(self):
        card = Transaction.objects.filter(method="CARD").earliest("id")
        Transaction.objects.filter(pk=card.pk).update(card_network="VISA", card_country="DE")

        assert rows(Cut.CARD)["VISA"] == (1, 1, 0, str(card.amount.decimal))
        assert rows(Cut.COUNTRY)["DE"] == (1, 1, 0, str(card.amount.decimal))

    def test_costs_and_success_count_what_was_decided(self):
        [wallet] = Transaction.objects.filter(method="WALLET")[:1]
        card = Transaction.objects.filter(method="CARD", kind="TIP", status="CAPTURED").get()
        Transaction.objects.filter(pk=wallet.pk).update(status="FAILED", captured_at=None)

        parts = {part.key: part for part in reports.payments_by(Cut.GATEWAY, of("2026-01")).parts}

        assert str(parts[""].success_percent) == "50.0"
        deposit = Transaction.objects.get(kind="WALLET_DEPOSIT")
        assert parts["ccbill"].cost == card.processing_fee + deposit.processing_fee

    def test_another_period_brand_or_currency_has_none(self):
        assert rows(Cut.GATEWAY, of("2025-12")) == {}
        assert rows(Cut.GATEWAY, of("2026-01", cluster="girlfanz")) == {}
        assert rows(Cut.GATEWAY, of("2026-01", currency="EUR")) == {}

    def test_days_add_up_to_the_parts(self):
        report = reports.payments_by(Cut.GATEWAY, of("2026-01"))

        assert sum(day.started for day in report.days) == 5
        assert sum((day.volume for day in report.days), usd("0.00")) == usd("100.00")

    def test_asks_the_same_for_many_payments(self):
        with CaptureQueriesContext(connection) as few:
            reports.payments_by(Cut.ACCOUNT, of("2026-01"))
        one = Transaction.objects.filter(method="CARD").earliest("id")
        kept = {
            field.attname: getattr(one, field.attname)
            for field in Transaction._meta.concrete_fields
            if field.attname not in {"id", "public_id"}
        }
        for number in range(20):
            name = f"more-{number}"
            Transaction.objects.create(
                **kept | {"idempotency_key": name, "gateway_reference": name}
            )
        with CaptureQueriesContext(connection) as many:
            reports.payments_by(Cut.ACCOUNT, of("2026-01"))

        assert len(many) == len(few)


class TestHttp:
    @pytest.mark.usefixtures("paid")
    def test_answers_json_and_csv(self, console):
        client = console("finance")

        found = client.get(ROOT, {"period": "2026-01", "by": "method"}).json()
        text = b"".join(
            client.get(ROOT, {"period": "2026-01", "by": "method", "format": "csv"})
        ).decode()

        assert found["by"] == "method"
        assert found["parts"][0] == {
            "started": 3,
            "captured": 2,
            "declined": 1,
            "success_percent": "66.7",
            "volume": {"amount": "75.00", "currency": "USD"},
            "key": "CARD",
            "cost": found["parts"][0]["cost"],
            "cost_percent": found["parts"][0]["cost_percent"],
        }
        assert "method,CARD,USD,3,2,1,66.7,75.00," in text

    def test_refuses_an_unknown_cut(self, console):
        answer = console("finance").get(ROOT, {"by": "weather"})

        assert answer.status_code == 422
        assert answer["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("role", ["support", "payouts", "moderator"])
    def test_is_for_those_who_read_reports(self, console, role):
        assert console(role).get(ROOT).status_code == 403

    @pytest.mark.usefixtures("paid")
    def test_the_page_shows_each_part_and_day(self, console):
        page = console("finance").get(
            "/admin/reports/payments/", {"period": "2026-01", "by": "account"}
        )
        text = page.content.decode()

        assert page.status_code == 200
        assert "ccbill 900000-0002" in text
        assert "Captured day by day, USD" in text

    @pytest.mark.usefixtures("paid")
    @pytest.mark.parametrize(("by", "word"), [("gateway", "CCBill"), ("method", "Card")])
    def test_the_page_names_gateways_and_methods_by_their_words(self, console, by, word):
        page = console("finance").get("/admin/reports/payments/", {"period": "2026-01", "by": by})

        assert f"<td>{word}</td>" in page.content.decode()
