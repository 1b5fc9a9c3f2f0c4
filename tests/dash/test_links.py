"""A page links to what its reader may open; the rest it names in plain words."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.finance.payments.models import Transaction
from apps.finance.risk.models import Assessment
from apps.finance.routing.models import Decision
from tests import given

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "sees_journal"), [("support", False), ("finance", True)])
def test_every_link_of_a_payment_and_a_payout_opens(console, fan, now, role, sees_journal):
    given.a_funded_wallet(fan, "50.00", now=now)
    payout = given.a_requested_payout("20.00", now=now)
    client = console(role)

    for label, pk in (
        ("payments_transaction", Transaction.objects.earliest("pk").pk),
        ("payouts_payout", payout.pk),
    ):
        body = client.get(reverse(f"admin:{label}_change", args=[pk])).content.decode()
        links = set(re.findall(r'class="c-link" href="([^"]+)"', body))

        assert links
        assert {client.get(link).status_code for link in links} == {200}
        assert any("/ledger/entry/" in link for link in links) is sees_journal
        assert "JE-2026-" in body


def test_a_decision_and_an_assessment_lead_to_their_payment(console, fan, creator, now):
    paid = given.a_card_tip(fan, creator, now=now)
    client = console("finance")

    for label, row in (
        ("routing_decision", Decision.objects.get()),
        ("risk_assessment", Assessment.objects.get()),
    ):
        body = client.get(reverse(f"admin:{label}_change", args=[row.pk])).content.decode()
        way = reverse("admin:payments_transaction_change", args=[paid.public_id])
        assert f'href="{way}"' in body
        assert "BoyFanz" in body

    page = client.get(way).content.decode()
    assert str(paid.public_id) in page
    assert f"?ids={paid.pk}" in page
