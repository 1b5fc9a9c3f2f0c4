"""The database itself keeps who approved a payout, and what happened to it."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.payouts.models import PayoutApproval, PayoutEvent
from tests import given

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("table", ["payouts_payoutapproval", "payouts_payoutevent"])
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {} SET at = now()",
        "DELETE FROM {}",
        "DELETE FROM {} WHERE false",
        "SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {}",
    ],
)
def test_refuses_every_change(now, table, sql):
    given.an_approved_payout(now=now)
    before = list(PayoutApproval.objects.values()), list(PayoutEvent.objects.values())

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(table))

    assert before == (list(PayoutApproval.objects.values()), list(PayoutEvent.objects.values()))
