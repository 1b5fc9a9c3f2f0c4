"""An entry made by hand is dated and posted in our time, not in another century."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import DatabaseError, connection, transaction

from apps.finance.ledger import postings
from apps.finance.ledger import selectors as books
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account, Entry
from tests.finance.ledger.test_spenders import BY_HAND, fund, tip

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "words",
    [
        ("now(), ''", "'2200-01-02 00:00 UTC', ''"),
        ("now(), ''", "'1999-12-31 00:00 UTC', ''"),
        ("now(), ''", "'infinity', ''"),
        ("current_date", "date '2200-01-01'"),
        ("current_date", "date '1999-12-31'"),
    ],
)
def test_another_time_is_refused(now: datetime, words: tuple[str, str]) -> None:
    fund(1, 5_00, now)
    ledger.post_alone(tip(1, 1, 2, 1_00), now=now)
    before = (Entry.objects.count(), books.trial_balance())

    with pytest.raises(DatabaseError):
        post_by_hand(BY_HAND.replace(*words))

    assert (Entry.objects.count(), books.trial_balance()) == before
    post_by_hand(BY_HAND)
    assert Entry.objects.count() == before[0] + 1


def post_by_hand(statement: str) -> None:
    accounts = [
        Account.objects.get(code=ref.code, owner=ref.owner).pk
        for ref in (postings.wallet(1), postings.creator_payable(2))
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, ["hand", 2, accounts, [1_00, -1_00]])
