"""What front ends are told of, and that the catalogue says it as it is."""

import json
from datetime import timedelta

import pytest

from apps.core import events
from apps.finance.payments.adapters.base import Told
from apps.webhooks import services as webhooks
from apps.webhooks.choices import Kind
from apps.webhooks.exports import catalogue_page
from apps.webhooks.models import Message
from apps.webhooks.rules.catalogue import EXAMPLES
from tests.finance.payments.refunding import a_paid_tip, a_policy, ask
from tests.finance.payments.test_disputes import day, hear
from tests.finance.payments.test_refunds import done, told

pytestmark = pytest.mark.django_db


def shape(data):
    """The names of all fields, those of the payment in it too."""
    return {
        name: shape(value) if isinstance(value, dict) else type(value).__name__
        for name, value in data.items()
    }


def test_every_kind_has_an_example_and_stands_in_the_page():
    assert set(EXAMPLES) == set(Kind)
    page = catalogue_page("")
    assert all(f"## `{kind.value}`" in page for kind in Kind)
    bodies = [json.loads(part.split("```")[0]) for part in page.split("```json")[1:]]
    assert [body["type"] for body in bodies] == Kind.values


def test_refunds_and_disputes_are_told_as_the_catalogue_says(boyfanz, staff, receiver, now):
    webhooks.open_endpoint(
        cluster=boyfanz, url=receiver.url, kinds=Kind.values, description="", by=staff("admin"),
        now=now,
    )  # fmt: skip
    a_policy(now=now)
    tip = a_paid_tip("50.00", now=now)
    done(ask(tip, "20.00", by=staff("finance"), now=now), now=now)
    told(tip, Told.REFUND_FAILED, amount="20.00", now=now)
    hear(tip, Told.CHARGEBACK, at=now, due=day(now, 9), now=now)
    hear(tip, Told.CHARGEBACK_LOST, at=day(now, 3), now=now)
    events.sweep(now=now + timedelta(days=400))

    bodies = [json.loads(message.body) for message in Message.objects.order_by("id")]
    for body in bodies:
        assert shape(body["data"]) == shape(EXAMPLES[Kind(body["type"])]), body["type"]
    by_kind = {body["type"]: body["data"] for body in bodies}
    assert set(by_kind) == {
        "payment.captured", "payment.refunded", "payment.refund_bounced", "payment.disputed",
        "payment.dispute_closed",
    }  # fmt: skip
    assert by_kind["payment.refunded"]["amount"] == {"amount": "20.00", "currency": "USD"}
    assert by_kind["payment.disputed"]["stage"] == "CHARGEBACK"
    assert by_kind["payment.dispute_closed"]["stage"] == "LOST"
    assert by_kind["payment.dispute_closed"]["payment"]["id"] == str(tip.public_id)
