"""The console's verbs on many deliveries: each row has its own end, and its own record."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.audit.models import AuditRecord
from apps.finance.ledger.models import Entry
from apps.finance.payments import services as payments
from apps.finance.payments.models import WebhookEvent
from tests import given
from tests.factories.accounts import ProfileFactory

pytestmark = pytest.mark.django_db

SALE = 10**18


def stored(webhook_id):
    return WebhookEvent.objects.get(pk=webhook_id)


@pytest.fixture
def three(now):
    """One parked, one refused, one processed."""
    deposits = [given.a_deposit(ProfileFactory.create(), now=now, key=f"s{n}") for n in range(2)]
    parked = given.a_delivery(deposits[0], now=now, eventType="SomethingNew")
    refused = given.a_delivery(deposits[0], now=now, dynamicPricingValidationDigest="0" * 32)
    done = given.a_delivery(deposits[1], now=now, subscriptionId=str(SALE))
    payments.process_webhooks(now=now)
    states = [stored(each).status for each in (parked, refused, done)]
    assert states == ["PARKED", "REFUSED", "PROCESSED"]
    return [parked, refused, done]


@pytest.mark.parametrize(
    ("verb", "ends", "said"),
    [
        ("replay", ["RECEIVED", "RECEIVED", "PROCESSED"], "back in the queue"),
        ("park", ["PARKED", "PARKED", "PROCESSED"], "is parked"),
        ("ignore", ["IGNORED", "IGNORED", "PROCESSED"], "is ignored"),
    ],
)
def test_each_of_several_is_done_or_refused_for_itself(console, three, verb, ends, said):
    money = Entry.objects.count()
    browser = console("support")
    url = reverse("admin:payments_webhookevent_do", args=[verb])
    ids = ",".join(map(str, three))

    shown = browser.get(url, {"ids": ids}).content.decode()
    answer = browser.post(url, {"ids": ids, "reason": "Asked the gateway"}, follow=True)

    changed = three[1:2] if verb == "park" else three[:2]  # the first is parked already
    assert "Not possible" in shown
    assert "it is processed" in shown
    assert [stored(each).status for each in three] == ends
    assert Entry.objects.count() == money
    text = answer.content.decode()
    assert text.count(said) == len(changed)
    assert answer.context["done_count"] == len(changed)
    assert f"{len(changed)} of 3 done" in text
    word = {"replay": "replayed", "park": "parked", "ignore": "ignored"}[verb]
    done = AuditRecord.objects.filter(action=f"payments.webhook_{word}")
    assert sorted(int(row.subject_id) for row in done) == changed
    assert {row.reason for row in done} == {"Asked the gateway"}
