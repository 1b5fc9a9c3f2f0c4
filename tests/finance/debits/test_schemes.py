"""What the schemes allow and ask: prenotes, presenting again, files refused as a whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.finance.debits import errors
from apps.finance.debits import services as debits
from apps.finance.debits.choices import (
    AccountKind,
    DebitState,
    FileState,
    Format,
    ItemState,
    MandateState,
)
from apps.finance.debits.models import BankItem, Debit, DebitFile, FileItem, Mandate
from apps.finance.debits.services.mandates import BY_PRENOTE
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments.models import Transaction
from tests.finance.debits import given

pytestmark = pytest.mark.django_db
#: A day of the bank's after another; each evening is a cut-off.
THURSDAY = given.EVENING


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS


def wallet(fan, currency="USD"):
    return ledger.balance_of(postings.wallet(fan.pk), currency).minor


def trace(number):
    return f"12104288{number:07d}"


def told(bank, staff, code, number, now, *, kind="99", **more):
    body = given.ach_file(kind, code, trace(number), **more)
    return given.told(bank, body, staff, format_name=Format.NACHA, now=now)


class TestAPrenote:
    @pytest.fixture
    def bank(self):
        return given.a_bank("ach")

    @pytest.fixture
    def mandate(self, fan, bank, now):
        return debits.sign_ach(
            profile=fan, merchant_account_id=bank.pk, holder="Ada Byron", routing="231380104",
            account="12345678", kind=AccountKind.CHECKING,
            signature=debits.Signature("203.0.113.9", "I allow it", BY_PRENOTE), now=now,
        )  # fmt: skip

    def test_goes_first_and_the_debit_waits_until_it_did_not_come_back(
        self, fan, bank, mandate, staff, now
    ):
        given.a_debit(mandate, now=now)
        file = given.a_file(bank, staff, now=THURSDAY)
        assert (file.items, file.total_minor) == (1, 0)
        line = bytes(file.body).decode().split("\n")[2]
        assert (line[:3], line[29:39]) == ("628", "0" * 10)
        # Settled on Friday 16th; Monday is a holiday (Martin Luther King): the third day is 22nd.
        mandate.refresh_from_db()
        assert f"{mandate.usable_from}" == "2026-01-22"
        assert (
            debits.make_file(account_id=bank.pk, gateway="ach", now=THURSDAY + given.days(5))
            is None
        )
        assert debits.prove_accounts(now=THURSDAY + given.days(6)) == 0
        assert debits.prove_accounts(now=THURSDAY + given.days(7)) == 1
        assert debits.prove_accounts(now=THURSDAY + given.days(7)) == 0
        made = debits.make_file(account_id=bank.pk, gateway="ach", now=THURSDAY + given.days(7))
        assert made is not None
        assert (made.items, made.total_minor) == (1, 50_00)

    def test_that_comes_back_ends_the_mandate_and_what_waits_for_it(
        self, fan, bank, mandate, staff, now
    ):
        given.a_debit(mandate, now=now)
        given.a_file(bank, staff, now=THURSDAY)
        told(bank, staff, "R03", 1, THURSDAY, cents=0)
        mandate.refresh_from_db()
        assert (mandate.state, mandate.ended_by_code) == (MandateState.BLOCKED, "R03")
        assert Debit.objects.get().state == DebitState.CANCELLED
        assert Transaction.objects.get().status == "CANCELLED"
        assert debits.prove_accounts(now=THURSDAY + given.days(9)) == 0
        assert wallet(fan) == 0

    def test_that_is_corrected_proves_the_corrected_account(self, bank, mandate, staff):
        given.a_file(bank, staff, now=THURSDAY)
        told(bank, staff, "C01", 1, THURSDAY, kind="98", data="87654321")
        mandate.refresh_from_db()
        assert (mandate.last4, mandate.state) == ("4321", MandateState.CHECKING)
        assert debits.prove_accounts(now=THURSDAY + given.days(7)) == 1

    def test_news_that_nobody_acted_on_goes_first(self, bank, mandate, staff):
        given.a_file(bank, staff, now=THURSDAY)
        told(bank, staff, "C04", 1, THURSDAY, kind="98", data="A NAME")
        assert BankItem.objects.get().state == ItemState.QUEUED
        assert debits.prove_accounts(now=THURSDAY + given.days(9)) == 0

    def test_stands_in_one_file_until_the_bank_refuses_that(self, bank, mandate, staff, fan, now):
        file = given.a_file(bank, staff, now=THURSDAY)
        assert debits.make_files(now=THURSDAY + given.days(5)) == 0
        debits.refuse_file(
            file_id=file.pk, by=staff("finance"), reason="Ms Lee", now=THURSDAY + given.days(5)
        )
        assert debits.prove_accounts(now=THURSDAY + given.days(9)) == 0
        assert debits.make_files(now=THURSDAY + given.days(6)) == 1
        assert list(FileItem.objects.values_list("presentation", flat=True)) == [1, 2]


class TestLackOfMoney:
    @pytest.fixture
    def bank(self, fan, now):
        bank = given.a_bank("ach")
        given.a_debit(given.a_mandate(fan, bank, now=now), now=now)
        return bank

    def cycle(self, bank, staff, number, start):
        """A file of the day, and its return; give back when the next may be made."""
        given.a_file(bank, staff, now=start)
        told(bank, staff, "R01", number, start + given.days(1))
        return start + given.days(7)

    def test_is_presented_again_twice_and_then_given_up(self, bank, staff, fan):
        day = THURSDAY
        for number in (1, 2, 3):
            assert Debit.objects.get().state == DebitState.READY
            day = self.cycle(bank, staff, number, day)
        debit = Debit.objects.get()
        assert (debit.state, debit.return_code) == (DebitState.RETURNED, "R01")
        assert (debit.presentation, debit.retries) == (3, 2)
        assert Transaction.objects.get().status == "FAILED"
        assert debits.make_files(now=day) == 0
        assert debits.settle_due(now=day + given.days(30)) == 0
        assert wallet(fan) == 0
        bodies = [bytes(one.body).decode() for one in DebitFile.objects.order_by("id")]
        assert ["RETRY PYMT" in body for body in bodies] == [False, True, True]
        assert [body.split("\n")[2][29:39] for body in bodies] == ["0000005000"] * 3

    def test_the_second_time_it_may_be_there(self, bank, staff, fan):
        day = self.cycle(bank, staff, 1, THURSDAY)
        assert Transaction.objects.get().status == "PROCESSING"
        given.a_file(bank, staff, now=day)
        debits.settle_due(now=day + given.days(20))
        assert wallet(fan) == 50_00
        assert Debit.objects.get().state == DebitState.SETTLED

    def test_new_and_repeated_debits_stand_in_batches_of_their_own(self, bank, staff, fan, now):
        day = self.cycle(bank, staff, 1, THURSDAY)
        given.a_debit(Mandate.objects.get(), "7.00", now=day - given.days(1), key="new")
        file = given.a_file(bank, staff, now=day)
        lines = bytes(file.body).decode().split("\n")
        assert [line[53:63].strip() for line in lines if line[:1] == "5"] == [
            "DEPOSIT", "RETRY PYMT",
        ]  # fmt: skip
        control = next(line for line in lines if line[:7] == "9000002")
        assert int(control[31:43]) == 57_00

    def test_old_news_of_the_first_time_goes_to_a_person(self, bank, staff, fan):
        day = self.cycle(bank, staff, 1, THURSDAY)
        given.a_file(bank, staff, now=day)
        told(bank, staff, "R10", 1, day)
        assert BankItem.objects.get(code="R10").state == ItemState.QUEUED
        assert Debit.objects.get().state == DebitState.IN_FILE
        assert debits.settle_due(now=day + given.days(30)) == 0

    def test_not_after_180_days_not_when_paid_and_not_when_revoked(
        self, bank, staff, fan, settings
    ):
        slow = settings.DEBIT_TERMS["ACH"] | {"retry_after_days": 130}
        settings.DEBIT_TERMS = settings.DEBIT_TERMS | {"ACH": slow}
        given.a_file(bank, staff, now=THURSDAY)
        told(bank, staff, "R09", 1, THURSDAY + given.days(1))
        assert Debit.objects.get().state == DebitState.RETURNED

    def test_no_retry_once_it_counted_as_paid(self, bank, staff, fan):
        given.a_file(bank, staff, now=THURSDAY)
        debits.settle_due(now=THURSDAY + given.days(20))
        told(bank, staff, "R01", 1, THURSDAY + given.days(21))
        assert Debit.objects.get().state == DebitState.RETURNED
        assert wallet(fan) == 0

    def test_a_mandate_that_ends_takes_the_retry_with_it(self, bank, staff, fan):
        day = self.cycle(bank, staff, 1, THURSDAY)
        debits.revoke_mandate(public_id=Mandate.objects.get().public_id, profile=fan, now=day)
        assert Debit.objects.get().state == DebitState.CANCELLED
        assert Transaction.objects.get().status == "CANCELLED"
        assert debits.make_files(now=day) == 0

    @pytest.mark.parametrize("code", ["R05", "R07", "R10", "R11", "R29"])
    def test_an_unauthorised_return_ends_the_mandate_and_is_never_presented_again(
        self, bank, staff, code
    ):
        given.a_file(bank, staff, now=THURSDAY)
        told(bank, staff, code, 1, THURSDAY + given.days(1))
        assert Debit.objects.get().state == DebitState.RETURNED
        assert Mandate.objects.get().ended_by_code == code


class TestAFileRefusedAsAWhole:
    @pytest.fixture
    def file(self, fan, staff, now):
        bank = given.a_bank("sepa")
        mandate = given.a_mandate(fan, bank, now=now)
        for key in ("a", "b"):
            given.a_debit(mandate, now=now, key=key)
        return given.a_file(bank, staff, now=THURSDAY + given.days(20))

    def report(self, file, *, batch=False):
        group = "" if batch else "<GrpSts>RJCT</GrpSts>"
        payment = (
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>1</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>"
            "</OrgnlPmtInfAndSts>"
        )
        return f"""<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
<OrgnlGrpInfAndSts><OrgnlMsgId>{file.message_id}</OrgnlMsgId>{group}
<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf></OrgnlGrpInfAndSts>
{payment if batch else ""}</CstmrPmtStsRpt></Document>""".encode()

    @pytest.mark.parametrize("batch", [False, True])
    def test_nothing_of_it_is_captured_and_a_person_sends_it_anew(self, file, staff, fan, batch):
        later = THURSDAY + given.days(60)
        given.told(
            file.merchant_account, self.report(file, batch=batch), staff,
            format_name=Format.PAIN002, now=later,
        )  # fmt: skip
        assert BankItem.objects.get().state == ItemState.QUEUED
        assert debits.settle_due(now=later) == 0
        file.refresh_from_db()
        assert "refused the file" in file.problem
        with pytest.raises(errors.SecondPersonNeeded):
            debits.refuse_file(file_id=file.pk, by=file.handed_to, reason="so", now=later)
        done = debits.refuse_file(file_id=file.pk, by=staff("finance"), reason="so", now=later)
        assert done == 2
        with pytest.raises(errors.WrongState):
            debits.refuse_file(file_id=file.pk, by=staff("finance"), reason="so", now=later)
        anew = given.a_file(file.merchant_account, staff, now=later)
        assert (anew.items, anew.total_minor) == (2, 100_00)
        references = FileItem.objects.order_by("id").values_list("reference", flat=True)
        assert len(set(references)) == 4
        debits.settle_due(now=later + given.days(30))
        assert wallet(fan, "EUR") == 100_00
        assert DebitFile.objects.get(pk=file.pk).state == FileState.REFUSED

    def test_what_counts_as_paid_is_not_asked_for_again(self, file, staff, fan):
        later = THURSDAY + timedelta(days=60)
        debits.settle_due(now=later)
        with pytest.raises(errors.WrongState):
            debits.refuse_file(file_id=file.pk, by=staff("finance"), reason="so", now=later)
        assert wallet(fan, "EUR") == 100_00
        assert debits.make_files(now=later + given.days(1)) == 0
