"""From payments and chargebacks to standings, alerts and routing."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.finance.monitoring import errors
from apps.finance.monitoring import services as monitoring
from apps.finance.monitoring.models import Alert, MidMonth, Standing, Threshold
from apps.finance.payments.models import Dispute, DisputeRound, Transaction
from apps.finance.payments.rules.disputes import Stage
from apps.finance.routing import selectors as routing
from apps.finance.routing import services as routes
from apps.finance.routing.services import RouteRow
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory

_number = itertools.count(1)
LATE = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture
def account(boyfanz):
    return MerchantAccountFactory.of(boyfanz)


def sales(account, count, *, at=LATE, network="VISA", amount=10_00):
    payer = ProfileFactory.create(cluster=account.cluster)
    return Transaction.objects.bulk_create(
        Transaction(
            cluster=account.cluster, kind="WALLET_DEPOSIT", method="CARD", payer=payer,
            amount_minor=amount, currency="USD", platform_fee_minor=0, processing_fee_minor=0,
            net_minor=amount, status="CAPTURED", gateway=account.gateway,
            merchant_account=account, gateway_reference=f"sale-{next(_number)}",
            idempotency_key=f"key-{next(_number)}", created_at=at, last_word_at=at,
            captured_at=at, card_network=network,
        )
        for _ in range(count)
    )  # fmt: skip


def chargebacks(sold, *, at=LATE, code="13.1", number=1):
    for payment in sold:
        case = Dispute.objects.create(
            transaction=payment, gateway=payment.gateway, reference=f"case-{next(_number)}",
            stage=Stage.CHARGEBACK, amount_minor=payment.amount_minor, currency="USD",
            reason_code=code, opened_at=at,
        )  # fmt: skip
        DisputeRound.objects.create(
            dispute=case, number=number, amount_minor=payment.amount_minor, opened_at=at
        )


def standing(programme):
    return Standing.objects.get(programme=programme, month=date(2026, 1, 1))


class TestMeasuring:
    def test_counts_each_network_of_each_account(self, account):
        visa = sales(account, 4)
        sales(account, 3, network="MASTERCARD")
        sales(account, 2, at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
        chargebacks(visa[:2], code="10.4")
        chargebacks(visa[2:3], number=2)  # a second round is the same dispute

        monitoring.measure(now=LATE)

        assert list(
            MidMonth.objects.order_by("-month", "network").values_list(
                "month", "network", "sales", "sales_minor", "chargebacks", "fraud_chargebacks",
                "fraud_minor",
            )
        ) == [
            (date(2026, 1, 1), "MASTERCARD", 3, 30_00, 0, 0, 0),
            (date(2026, 1, 1), "VISA", 4, 40_00, 2, 2, 20_00),
            (date(2025, 12, 1), "VISA", 2, 20_00, 0, 0, 0),
        ]  # fmt: skip

    def test_measuring_again_changes_nothing(self, account):
        chargebacks(sales(account, 30)[:5])
        assert monitoring.measure(now=LATE) == 1
        before = list(Standing.objects.order_by("id").values("id", "count", "reach_bps"))

        assert monitoring.measure(now=LATE + timedelta(minutes=10)) == 0

        assert list(Standing.objects.order_by("id").values("id", "count", "reach_bps")) == before
        assert Alert.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_two_workers_at_once_raise_each_alert_once(self, account):
        chargebacks(sales(account, 30)[:5])
        start = threading.Barrier(2)

        def work(_):
            start.wait(10)
            try:
                return monitoring.measure(now=LATE)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            raised = list(pool.map(work, range(2)))

        assert sum(raised) == Alert.objects.count() == 1

    def test_judges_by_the_line_of_the_months_time(self, account):
        sales(account, 1)
        monitoring.measure(now=LATE)
        assert standing("VAMP").line_bps == 220

        sales(account, 1, at=datetime(2026, 4, 2, tzinfo=UTC))
        monitoring.measure(now=datetime(2026, 4, 20, tzinfo=UTC))

        assert Standing.objects.get(programme="VAMP", month=date(2026, 4, 1)).line_bps == 150
        assert standing("VAMP").line_bps == 220

    def test_asks_as_much_for_many_accounts_as_for_one(self, account, girlfanz):
        sales(account, 2)
        monitoring.measure(now=LATE)
        with CaptureQueriesContext(connection) as one:
            monitoring.measure(now=LATE)
        sales(MerchantAccountFactory.of(girlfanz), 40)
        with CaptureQueriesContext(connection) as two:
            monitoring.measure(now=LATE)

        # One more account is one more row for routing, nothing else.
        assert len(two) - len(one) <= 1


class TestForecast:
    def test_goes_on_as_the_month_did(self, account):
        chargebacks(sales(account, 500)[:4])

        monitoring.measure(now=LATE)

        # 4 of 500 on the 20th of 31 days: 6 of 775, 78 of 90 basis points and 6 of 10 cases.
        row = standing("HOUSE")
        assert (row.ratio_bps, row.reach_bps, row.forecast_bps) == (80, 4_000, 6_000)

    def test_says_nothing_in_the_first_days(self, account):
        first = datetime(2026, 1, 2, tzinfo=UTC)
        chargebacks(sales(account, 10, at=first)[:4], at=first)

        monitoring.measure(now=first)

        assert standing("HOUSE").forecast_bps == standing("HOUSE").reach_bps == 4_000


class TestAlerts:
    def test_every_level_reached_is_said_once(self, account, caplog):
        chargebacks(sales(account, 100)[:8])
        assert monitoring.measure(now=LATE) == 2

        chargebacks(sales(account, 10))
        assert monitoring.measure(now=LATE) == 2

        assert list(Alert.objects.order_by("id").values_list("level", flat=True)) == [
            "HALF", "CLOSE", "NEAR", "OVER",
        ]  # fmt: skip
        said = [record for record in caplog.records if "monitoring.line_near" in record.message]
        assert [record.levelname for record in said] == ["WARNING", "WARNING", "ERROR", "ERROR"]

    def test_a_person_notes_what_was_done(self, account):
        chargebacks(sales(account, 30)[:5])
        monitoring.measure(now=LATE)
        by = StaffFactory.create(role="finance")

        alert = monitoring.note_alert(
            alert_id=Alert.objects.get().pk, by=by, reason="Called the acquirer", now=LATE
        )

        assert (alert.noted_by, alert.note) == (by, "Called the acquirer")

    def test_without_the_role_or_a_reason_nothing_is_noted(self, account):
        chargebacks(sales(account, 30)[:5])
        monitoring.measure(now=LATE)
        alert = Alert.objects.get()

        with pytest.raises(errors.SettingNotAllowed):
            monitoring.note_alert(
                alert_id=alert.pk, by=StaffFactory.create(role="support"), reason="r", now=LATE
            )
        with pytest.raises(errors.ReasonMissing):
            monitoring.note_alert(
                alert_id=alert.pk, by=StaffFactory.create(role="finance"), reason=" ", now=LATE
            )

        alert.refresh_from_db()
        assert (alert.noted_at, alert.note) == (None, "")


def test_routing_is_told_the_worst_line_of_each_account(account):
    routes.sync_routes(
        rows=[
            RouteRow(
                account_id=account.pk, gateway=account.gateway, label=str(account),
                cluster=account.cluster.slug, currency="USD", is_active=True,
            )
        ],
        now=LATE,
    )  # fmt: skip
    chargebacks(sales(account, 100)[:9])

    monitoring.measure(now=LATE)

    # 9 % of a house line of 0.9 %, but nine cases of ten: 90 % of the line.
    assert routing.ratios(account_ids=[account.pk]) == {account.pk: (81, 90)}


@pytest.mark.django_db
def test_the_delivered_lines_are_those_of_the_sources():
    assert set(
        Threshold.objects.values_list("programme", "effective_from", "line_bps", "least_count")
    ) == {
        ("VAMP", date(2025, 6, 1), 220, 1500),
        ("VAMP", date(2026, 4, 1), 150, 1500),
        ("ECM", date(2020, 1, 1), 150, 100),
        ("HECM", date(2020, 1, 1), 300, 300),
        ("EFM", date(2020, 1, 1), 50, 1),
        ("HOUSE", date(2020, 1, 1), 90, 10),
    }
