"""One that cannot go on stops nobody else, and news that came goes before what is due."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from apps.core.money import Money
from apps.finance.debits import services as debits
from apps.finance.debits.choices import DebitState, Format, ItemState, TransferState
from apps.finance.debits.models import BankItem, Transfer
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.ledger.models import Account
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.services.settle import settle_unknown
from tests.factories.accounts import ProfileFactory
from tests.finance.debits import given
from tests.finance.debits.books import payment_of, wallet

pytestmark = pytest.mark.django_db

#: When the holds of a file of that evening are over.
OVER = datetime(2026, 1, 23, 20, tzinfo=UTC)


def a_transfer(fan, wire, now, key="w"):
    return debits.announce_transfer(
        profile=fan, merchant_account_id=wire.pk, amount=Money.of("80.00", "EUR"),
        idempotency_key=key, now=now,
    ).transfer  # fmt: skip


class TestHold:
    def test_a_frozen_wallet_waits_and_stops_nobody_else(self, fan, ach, staff, now):
        other = ProfileFactory.create(cluster=fan.cluster)
        mandates = [
            given.a_mandate(profile, ach, now=now, account=account)
            for profile, account in ((fan, "12345678"), (other, "87654321"))
        ]
        given.a_debit(mandates[0], now=now)
        given.a_file(ach, staff, now=given.EVENING)
        debits.settle_due(now=OVER)
        for mandate in mandates:
            given.a_debit(mandate, now=OVER, key="second")
        given.a_file(ach, staff, now=datetime(2026, 1, 26, 22, tzinfo=UTC))
        later = OVER + given.days(18)
        frozen = Account.objects.get(owner=postings.wallet(fan.pk).owner)
        boss = staff("admin")
        ledger.freeze_account(account_id=frozen.pk, by=boss, reason="Order", now=now)

        assert debits.settle_due(now=later) == 1

        assert (wallet(fan), wallet(other)) == (50_00, 50_00)
        ledger.unfreeze_account(account_id=frozen.pk, by=boss, reason="Lifted", now=now)
        assert debits.settle_due(now=later) == 1
        assert wallet(fan) == 100_00

    def test_a_return_that_came_and_is_not_read_yet_goes_first(self, fan, ach, staff, now):
        debit = given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        given.a_file(ach, staff, now=given.EVENING)
        debits.receive_bank_file(
            account_id=ach.pk, gateway="ach", format_name=Format.NACHA, name="bank.txt",
            file=io.BytesIO(given.ach_file("99", "R01", "121042880000001")),
            by=staff("finance"), now=OVER,
        )  # fmt: skip

        assert debits.settle_due(now=OVER) == 0

        assert (wallet(fan), payment_of(debit).status) == (0, Status.PROCESSING)
        debits.apply_waiting(now=OVER)
        debits.settle_due(now=OVER)
        assert wallet(fan) == 0


def test_of_a_refused_file_a_debit_whose_mandate_ended_is_cancelled(fan, ach, staff, now):
    """No later file takes it: it would wait for ever."""
    mandate = given.a_mandate(fan, ach, now=now)
    debit = given.a_debit(mandate, now=now)
    file = given.a_file(ach, staff, now=given.EVENING)
    debits.revoke_mandate(public_id=mandate.public_id, profile=fan, now=given.EVENING)

    debits.refuse_file(file_id=file.pk, by=staff("finance"), reason="Refused", now=OVER)

    debit.refresh_from_db()
    assert (debit.state, payment_of(debit).status) == (DebitState.CANCELLED, Status.CANCELLED)


class TestTransfer:
    @pytest.fixture
    def wire(self, db):
        return given.a_bank("wire", pk=12_345)

    def test_that_staff_settled_as_never_paid_stops_no_other_from_ending(
        self, fan, wire, staff, now
    ):
        settled, other = a_transfer(fan, wire, now), a_transfer(fan, wire, now, "other")
        Transaction.objects.filter(pk=settled.transaction_id).update(status=Status.UNKNOWN)
        settle_unknown(
            transaction_id=settled.transaction_id, outcome=Status.FAILED, gateway_reference="",
            by=staff("finance"), reason="Nothing came", now=now,
        )  # fmt: skip

        assert debits.expire_transfers(now=now + given.days(30)) == 2

        assert set(Transfer.objects.values_list("state", flat=True)) == {TransferState.EXPIRED}
        statuses = Transaction.objects.order_by("id").values_list("status", flat=True)
        assert list(statuses) == [Status.FAILED, Status.CANCELLED]
        assert other.transaction_id > settled.transaction_id

    def test_two_of_one_statement_without_the_banks_numbers_are_both_booked(
        self, fan, wire, staff, now
    ):
        both = [a_transfer(fan, wire, now, key) for key in "ab"]
        entries = [given.an_entry("80.00", said=each.reference, own="") for each in both]

        statement = given.camt053(*entries)
        given.told(wire, statement, staff, format_name=Format.CAMT053, now=now)

        assert wallet(fan, "EUR") == 160_00
        assert set(BankItem.objects.values_list("state", flat=True)) == {ItemState.APPLIED}
