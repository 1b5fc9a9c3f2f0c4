"""Merchant accounts and gateways in FanzDash."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.finance.payments.choices import AttemptStatus
from apps.finance.payments.models import Attempt, MerchantAccount
from sandbox.accounts import credentials
from tests import given
from tests.factories.payments import MerchantAccountFactory

pytestmark = pytest.mark.django_db
Console = Callable[..., Client]


@pytest.fixture(autouse=True)
def _secrets(settings: Any) -> None:
    settings.GATEWAY_CREDENTIALS = credentials("http://127.0.0.1:9")


def page(name: str, *args: Any) -> str:
    return reverse(f"admin:payments_merchantaccount_{name}", args=args)


def verb(client: Client, name: str, row: MerchantAccount, **answers: str) -> str:
    told = client.post(
        page("do", name), {"ids": str(row.pk), "reason": "Agreed", **answers}, follow=True
    )
    return told.content.decode()


def test_an_account_is_opened_with_the_names_its_gateway_has_and_switched_on_by_two(
    console: Console, girlfanz: Any
) -> None:
    client = console("finance")
    shown = client.get(page("open", "segpay")).content.decode()
    assert "e-ticket, package:pricepoint" in shown
    assert 'name="subaccount"' not in shown
    assert "segpay-boyfanz (complete)" in shown
    assert credentials("x")["segpay"]["order_secret"] not in shown
    typed = {
        "cluster": girlfanz.pk, "number": "20010", "form": "101:202", "currency": "USD",
        "credentials": "segpay", "descriptor": "SEGPAY.COM*GIRLFANZ", "least": "2.95",
        "most": "5.00", "countries": "us, de", "cost_bps": "1020", "cost_fixed": "0.10",
        "rank": "100", "reason": "Signed today",
    }  # fmt: skip
    refused = client.post(page("open", "segpay"), {**typed, "countries": "XX"})
    assert refused.status_code == 422
    assert "ISO 3166" in refused.content.decode()
    assert not MerchantAccount.objects.exists()

    client.post(page("open", "segpay"), typed)

    row = MerchantAccount.objects.get()
    assert (row.is_active, row.countries, row.cost_fixed_minor) == (False, ["DE", "US"], 10)
    assert "until a second person agrees" in verb(client, "on", row)
    assert "somebody else must agree" in client.get(
        page("do", "agree"), {"ids": row.pk}
    ).content.decode()  # fmt: skip
    assert "Agreed. The account is on." in verb(console("admin"), "agree", row)
    row.refresh_from_db()
    assert row.is_active


def test_terms_are_changed_from_what_they_are(console: Console, boyfanz: Any) -> None:
    row = MerchantAccountFactory.create(cluster=boyfanz, most_minor=100_00)
    client = console("finance")
    form = client.get(page("terms", row.pk)).context["form"]
    typed = {name: value for name, value in form.initial.items() if value is not None}
    typed |= {"countries": "", "card_brands": "", "most": "250.00", "reason": "New contract"}

    client.post(page("terms", row.pk), typed)

    row.refresh_from_db()
    assert (row.most_minor, row.least_minor, row.is_active) == (250_00, 295, True)


def test_who_only_looks_is_offered_nothing(console: Console, boyfanz: Any) -> None:
    row = MerchantAccountFactory.create(cluster=boyfanz)
    client = console("support")
    assert "Switch off" not in client.get(page("change", row.pk)).content.decode()
    for address in (page("new"), page("open", "segpay"), page("terms", row.pk)):
        assert client.get(address).status_code == 403
    assert client.post(page("do", "off"), {"ids": row.pk, "reason": "x"}).status_code == 403
    row.refresh_from_db()
    assert row.is_active


def test_the_cockpits_show_days_reasons_and_caps_in_few_queries(
    console: Console, fan: Any, creator: Any, django_assert_max_num_queries: Any
) -> None:
    now = timezone.now()
    row = MerchantAccountFactory.create(cluster=fan.cluster, monthly_cap_minor=100_00)
    payment = given.a_card_tip(fan, creator, now=now)
    Attempt.objects.filter(transaction=payment).update(started_at=now)
    for number in range(2, 6):
        Attempt.objects.create(
            transaction=payment,
            number=number,
            merchant_account=row,
            gateway="ccbill",
            kind="HOSTED",
            status=AttemptStatus.DECLINED if number > 2 else AttemptStatus.PAID,
            key=f"key-{number}",
            code="51" if number > 2 else "",
            reason="Insufficient funds" if number > 2 else "",
            started_at=now - timedelta(hours=number - 1),
            ended_at=now,
        )
    client = console("finance")
    client.get(page("gateways"))
    with CaptureQueriesContext(connection) as few:
        all_of_them = client.get(page("gateways")).content.decode()
    for number in range(4):
        MerchantAccountFactory.create(cluster=fan.cluster, subaccount=f"9{number}")
    with django_assert_max_num_queries(len(few)):
        client.get(page("gateways"))
    for shown in (
        all_of_them,
        client.get(page("change", row.pk)).content.decode(),
        client.get(page("gateway", "ccbill")).content.decode(),
    ):
        assert "25.00 %" in shown or "Insufficient funds" in shown
    assert client.get(page("gateway", "nobody")).status_code == 404
