"""A sale is refunded by the names its gateway told; what is to be claimed, its payer claims."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse

from apps.core import broker, http
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Method
from apps.finance.payments.models import FeeSchedule, Refund, Transaction
from apps.finance.payments.rules.refunds import RefundState
from apps.finance.payments.selectors.candidates import forget_candidates
from apps.finance.payments.selectors.refunds import claim_url_of
from apps.finance.payments.services.effects import facts_of
from apps.finance.payments.services.move import capture
from apps.finance.payments.services.refund_send import send_refunds
from sandbox import accounts
from tests.factories.accounts import ProfileFactory, StaffFactory
from tests.factories.payments import MerchantAccountFactory
from tests.finance.payments.contract.rig import PARTS, PRICE, Rig
from tests.finance.payments.refunding import a_policy, ask, fresh
from tests.finance.payments.test_api import ROOT, client_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_worker_is_free(monkeypatch):
    http.reset_breakers()
    monkeypatch.setattr(broker, "start_soon", lambda *_, **__: None)


def a_sale(rig, now, method=Method.CARD):
    """A deposit that was paid at the gateway, and captured by the news of it."""
    fan = ProfileFactory.create()
    subaccount, form = PARTS.get(rig.name, ("", ""))
    forget_candidates()
    MerchantAccountFactory.create(
        cluster=fan.cluster,
        gateway=rig.name,
        account_number=accounts.NUMBERS[rig.name],
        subaccount=subaccount,
        flex_id=form,
    )
    card = FeeSchedule.objects.filter(kind="WALLET_DEPOSIT", method=Method.CARD).latest("id")
    FeeSchedule.objects.get_or_create(
        cluster=None,
        kind="WALLET_DEPOSIT",
        method=method,
        effective_from=card.effective_from,
        defaults={"platform_bps": 0, "processing_bps": 100, "processing_fixed_minor": 0},
    )
    payment = payments.start_deposit(
        fan=fan, amount=PRICE, idempotency_key="sale", now=now, method=method
    )
    paid, _ = rig.sell(rig.order(str(payment.public_id)))
    with transaction.atomic():
        capture(
            transaction=Transaction.objects.select_for_update().get(pk=payment.pk),
            now=now,
            reason="Paid",
            reference=paid.reference,
            facts=facts_of(paid),
        )
    return fresh(payment), paid


def asked(payment, amount, now):
    a_policy(now=now)  # one person may do it alone
    ask(payment, amount, by=StaffFactory.create(role="finance"), now=now)


@pytest.mark.parametrize("name", ["segpay", "vendo", "commercegate", "netbilling", "epoch"])
def test_the_second_name_is_kept_and_the_sale_refunded_by_it(sandbox, now, name):
    rig = Rig(name, sandbox)
    payment, paid = a_sale(rig, now)

    assert payment.gateway_transaction == paid.gateway_transaction != ""
    if not rig.can.refund:
        return
    asked(payment, str(PRICE.decimal), now)
    send_refunds(now=now)

    assert Decimal(rig.sales(str(payment.public_id), "paid")[0]["refunded"]) == PRICE.decimal


def test_a_refund_in_coins_is_claimed_by_its_payer_alone(sandbox, now):
    payment, _ = a_sale(Rig("btcpay", sandbox), now, Method.CRYPTO)
    asked(payment, "10.00", now)

    send_refunds(now=now)

    refund = Refund.objects.get()
    assert refund.state == RefundState.PENDING
    address = claim_url_of(refund)
    assert address.startswith("http")
    assert address not in str(list(Refund.objects.values()))
    row = client_of(payment.payer).get(f"{ROOT}refunds/").json()["results"][0]
    assert row["claim_url"] == address


def test_the_address_is_shown_to_who_approves_refunds_and_to_no_other_staff(sandbox, console, now):
    payment, _ = a_sale(Rig("btcpay", sandbox), now, Method.CRYPTO)
    asked(payment, "10.00", now)
    send_refunds(now=now)
    refund = Refund.objects.get()
    where = reverse("admin:payments_refund_change", args=[refund.pk])

    pages = {role: console(role).get(where).content.decode() for role in ("finance", "support")}

    assert claim_url_of(refund) in pages["finance"]
    assert claim_url_of(refund) not in pages["support"]
    assert "waits for its payer" in pages["support"]
