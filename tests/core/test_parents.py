"""Foreign keys that are looked at once for a statement refuse what row by row ones would."""

from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Profile
from apps.finance.payments.models import Transaction, TransactionEvent
from tests import given
from tests.factories.accounts import ProfileFactory

pytestmark = pytest.mark.django_db


@contextmanager
def refused(words):
    with pytest.raises(IntegrityError, match=words), transaction.atomic():
        yield


def event_of(pk):
    return TransactionEvent(
        transaction_id=pk,
        to_status="CAPTURED",
        at=Transaction.objects.earliest("created_at").created_at,
        reason="r",
        facts={},
    )


@pytest.fixture
def payment(fan, creator, now):
    given.a_deposit(fan, now=now)
    return Transaction.objects.get()


class TestParents:
    def test_one_unknown_parent_among_many_known_refuses_the_statement(self, payment):
        before = TransactionEvent.objects.count()

        with refused("payments_transactionevent.transaction_id names a row that is not in"):
            TransactionEvent.objects.bulk_create(
                [event_of(payment.pk), event_of(payment.pk), event_of(payment.pk + 1_000_000)]
            )

        assert TransactionEvent.objects.count() == before

    def test_known_parents_are_taken(self, payment):
        before = TransactionEvent.objects.count()

        TransactionEvent.objects.bulk_create([event_of(payment.pk)] * 3)

        assert TransactionEvent.objects.count() == before + 3

    def test_no_parent_is_as_good_as_for_a_foreign_key(self, payment):
        assert payment.payee_id is None

    def test_a_row_stays_with_its_parent(self, payment, boyfanz):
        other = ProfileFactory.create(cluster=boyfanz)

        with refused("stays with what it belongs to"):
            Transaction.objects.filter(pk=payment.pk).update(payer=other)

        payment.refresh_from_db()
        assert payment.payer_id != other.pk

    def test_a_parent_that_rows_name_is_not_deleted(self, payment):
        with refused("a row of payments_transaction names it"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_profile WHERE id = %s", [payment.payer_id])

        assert Profile.objects.filter(pk=payment.payer_id).exists()

    def test_a_parent_that_none_names_is(self, boyfanz):
        lonely = ProfileFactory.create(cluster=boyfanz)

        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_profile WHERE id = %s", [lonely.pk])

        assert not Profile.objects.filter(pk=lonely.pk).exists()
