"""What SEPA banks tell of debits, and transfers found by their reference."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import pytest

from apps.core.money import Money
from apps.finance.debits import services as debits
from apps.finance.debits.adapters.xml_in import read_pain002
from apps.finance.debits.choices import DebitState, Format, ItemState
from apps.finance.debits.models import BankItem, Debit, Mandate
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from tests.finance.debits import given
from tests.finance.debits.books import clearing, payment_of, wallet

pytestmark = pytest.mark.django_db


class TestSepaNews:
    @pytest.fixture
    def debit(self, fan, sepa, staff, now):
        debit = given.a_debit(given.a_mandate(fan, sepa, now=now), now=now)
        given.a_file(sepa, staff, now=datetime(2026, 1, 28, 12, tzinfo=UTC))
        return debit

    LATER = datetime(2026, 3, 20, 12, tzinfo=UTC)

    def test_a_rejection_declines_and_the_statement_repeats_it(self, sepa, staff, debit):
        report = given.pain002(debit.end_to_end_id, "AC04")
        given.told(sepa, report, staff, format_name=Format.PAIN002, now=self.LATER)
        statement = given.camt053(
            given.an_entry("50.00", way="DBIT", reference=debit.end_to_end_id, code="AC04")
        )
        second = given.told(sepa, statement, staff, format_name=Format.CAMT053, now=self.LATER)
        debit.refresh_from_db()
        assert (debit.state, debit.return_code) == (DebitState.RETURNED, "AC04")
        assert payment_of(debit).status == Status.FAILED
        assert second.file.repeats == 1
        assert Mandate.objects.get().ended_by_code == "AC04"

    def test_a_refund_after_weeks_takes_the_money_out_of_the_wallet(self, fan, sepa, staff, debit):
        assert debits.settle_due(now=self.LATER) == 1
        assert wallet(fan, "EUR") == 50_00
        statement = given.camt053(
            given.an_entry("50.00", way="DBIT", reference=debit.end_to_end_id, code="MD06")
        )
        given.told(sepa, statement, staff, format_name=Format.CAMT053, now=self.LATER)
        assert payment_of(debit).status == Status.DISPUTED
        assert (wallet(fan, "EUR"), clearing("sepa", "EUR")) == (0, 0)
        assert Mandate.objects.get().ended_by_code == "MD06"

    def on_statement(self, debit, staff):
        statement = given.camt053(given.an_entry("50.00", reference=debit.end_to_end_id))
        bank = debit.merchant_account
        given.told(bank, statement, staff, format_name=Format.CAMT053, now=self.LATER)

    def test_the_statement_does_not_end_the_hold(self, fan, staff, debit):
        self.on_statement(debit, staff)
        assert wallet(fan, "EUR") == 0

    def test_the_statement_ends_the_hold_where_the_terms_say_so(self, fan, staff, debit, settings):
        terms = settings.DEBIT_TERMS["SEPA"] | {"statement_settles": True}
        settings.DEBIT_TERMS = settings.DEBIT_TERMS | {"SEPA": terms}
        self.on_statement(debit, staff)
        assert wallet(fan, "EUR") == 50_00

    def test_a_whole_file_rejected_waits_for_a_person(self, sepa, staff, debit):
        report = (
            given.pain002("x", "AC04")
            .replace(b"PART", b"RJCT")
            .replace(b"<TxSts>RJCT", b"<TxSts>ACCP")
        )
        given.told(sepa, report, staff, format_name=Format.PAIN002, now=self.LATER)
        assert BankItem.objects.get().state == ItemState.QUEUED
        assert Debit.objects.get().state == DebitState.IN_FILE

    def test_a_long_report_is_read_with_flat_memory(self, tmp_path):
        part = given.pain002("REF", "AM04").decode()
        head, _, rest = part.partition("<TxInfAndSts>")
        one, _, tail = rest.partition("</TxInfAndSts>")
        path = tmp_path / "long.xml"
        with path.open("w") as file:
            file.write(head)
            for n in range(20_000):
                body = one.replace("REF", f"R{n}")
                file.write(f"<TxInfAndSts>{body}</TxInfAndSts>")
            file.write(tail)
        tracemalloc.start()
        with path.open("rb") as file:
            assert sum(1 for _ in read_pain002(file)) == 20_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4_000_000


class TestTransfer:
    @pytest.fixture
    def wire(self, db):
        return given.a_bank("wire")

    def announce(self, fan, wire, now, amount="80.00"):
        return debits.announce_transfer(
            profile=fan, merchant_account_id=wire.pk, amount=Money.of(amount, "EUR"),
            idempotency_key="w", now=now,
        )  # fmt: skip

    def statement(self, wire, staff, now, *entries):
        body = given.camt053(*entries)
        return given.told(wire, body, staff, format_name=Format.CAMT053, now=now)

    def test_is_found_by_its_reference_and_booked_once(self, fan, wire, staff, now):
        told = self.announce(fan, wire, now)
        assert told == self.announce(fan, wire, now)
        assert told.iban == "DE89370400440532013000"
        entry = given.an_entry("80.00", said=f"gift {told.transfer.reference}")
        self.statement(wire, staff, now, entry)
        self.statement(wire, staff, now, entry, given.an_entry("1.00", own="B2"))
        assert Transaction.objects.get().status == Status.CAPTURED
        assert (wallet(fan, "EUR"), clearing("wire", "EUR")) == (80_00, 80_00)

    def test_of_another_amount_or_sent_twice_waits_for_a_person(self, fan, wire, staff, now):
        reference = self.announce(fan, wire, now).transfer.reference
        self.statement(wire, staff, now, given.an_entry("79.99", said=reference))
        assert "79.99" in BankItem.objects.get().why
        assert wallet(fan, "EUR") == 0
        self.statement(wire, staff, now, given.an_entry("80.00", said=reference, own="B2"))
        self.statement(wire, staff, now, given.an_entry("80.00", said=reference, own="B3"))
        assert wallet(fan, "EUR") == 80_00
        assert BankItem.objects.filter(state=ItemState.QUEUED).count() == 2

    def test_given_up_after_30_days_it_still_counts_when_it_comes(self, fan, wire, staff, now):
        reference = self.announce(fan, wire, now).transfer.reference
        assert debits.expire_transfers(now=now + given.days(29)) == 0
        assert debits.expire_transfers(now=now + given.days(30)) == 1
        assert Transaction.objects.get().status == Status.CANCELLED
        self.statement(wire, staff, now + given.days(31), given.an_entry("80.00", said=reference))
        assert Transaction.objects.get().status == Status.CAPTURED
        assert wallet(fan, "EUR") == 80_00
