"""The database itself keeps the history of payments and deliveries as they came."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.finance.payments import services as payments
from apps.finance.payments.models import TransactionEvent, WebhookEvent
from tests import given
from tests.factories.accounts import ProfileFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payments_transactionevent SET reason = 'other'",
        "UPDATE payments_transactionevent SET reason = 'other' WHERE false",
        "DELETE FROM payments_transactionevent",
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE payments_transactionevent",
        "DELETE FROM payments_webhookevent",
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE payments_webhookevent CASCADE",
        "UPDATE payments_webhookevent SET body = 'x'",
        "UPDATE payments_webhookevent SET query = '{}'",
        "UPDATE payments_webhookevent SET headers = '{}'",
        "UPDATE payments_webhookevent SET remote_ip = NULL",
        "UPDATE payments_webhookevent SET received_at = received_at + interval '1 s'",
        "UPDATE payments_webhookevent SET id = id + 1",
    ],
)
def test_refuses_every_change(now, sql):
    given.a_delivery(given.a_deposit(ProfileFactory.create(), now=now), now=now)
    before = list(TransactionEvent.objects.values()), list(WebhookEvent.objects.values())

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)

    after = list(TransactionEvent.objects.values()), list(WebhookEvent.objects.values())
    assert str(after) == str(before)


def test_a_deliverys_state_still_changes(now):
    given.a_delivery(given.a_deposit(ProfileFactory.create(), now=now), now=now)
    assert payments.process_webhooks(now=now) == 1
