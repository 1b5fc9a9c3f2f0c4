"""A fan pays by bank: from the mandate to the books, and back."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from apps.core.money import Money
from apps.finance.debits import choices, errors
from apps.finance.debits import services as debits
from apps.finance.debits.choices import DebitState, FileState, Format, ItemState, MandateState
from apps.finance.debits.models import BankItem, Debit, DebitFile, FileItem, Mandate
from apps.finance.debits.services.mandates import account_behind
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger
from apps.finance.payments import errors as payment_errors
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Dispute, Transaction
from apps.finance.risk.models import Assessment
from apps.notifications.models import Message
from tests.factories.accounts import ProfileFactory
from tests.finance.debits import given
from tests.finance.debits.books import clearing, payment_of, wallet
from tests.finance.risk.made import live

pytestmark = pytest.mark.django_db


class TestMandate:
    def test_keeps_the_account_sealed_and_the_proof(self, fan, ach, now):
        mandate = given.a_mandate(fan, ach, now=now)
        row = str(Mandate.objects.filter(pk=mandate.pk).values().get())
        assert "12345678" not in row
        assert account_behind(mandate) == {
            "routing": "231380104", "account": "12345678", "kind": "CHECKING",
        }  # fmt: skip
        assert (mandate.last4, mandate.signed_ip, mandate.validation) == (
            "5678", "203.0.113.9", "micro-deposits",
        )  # fmt: skip

    def test_an_ach_account_must_be_validated_first(self, fan, ach, now):
        with pytest.raises(errors.ProofMissing):
            debits.sign_ach(
                profile=fan, merchant_account_id=ach.pk, holder="Ada", routing="231380104",
                account="12345678", kind=choices.AccountKind.CHECKING,
                signature=debits.Signature("::1", "yes"),
                now=now,
            )  # fmt: skip
        assert not Mandate.objects.exists()

    def test_is_of_its_own_brand_only(self, girlfanz, ach, now):
        with pytest.raises(errors.BankNotOfThis):
            given.a_mandate(ProfileFactory.create(cluster=girlfanz), ach, now=now)

    def test_another_persons_is_not_found(self, fan, creator, ach, now):
        mandate = given.a_mandate(fan, ach, now=now)
        with pytest.raises(errors.MandateNotFound):
            debits.revoke_mandate(public_id=mandate.public_id, profile=creator, now=now)

    def test_revoked_it_cancels_what_waits_and_takes_no_more(self, fan, ach, now):
        mandate = given.a_mandate(fan, ach, now=now)
        debit = given.a_debit(mandate, now=now)
        for _ in range(2):
            debits.revoke_mandate(public_id=mandate.public_id, profile=fan, now=now)
        debit.refresh_from_db()
        assert debit.state == DebitState.CANCELLED
        assert payment_of(debit).status == Status.CANCELLED
        with pytest.raises(errors.MandateNotActive):
            given.a_debit(mandate, now=now, key="d2")
        assert Transaction.objects.count() == 1

    def test_lapses_after_36_months(self, fan, sepa, now):
        mandate = given.a_mandate(fan, sepa, now=now)
        with pytest.raises(errors.MandateNotActive):
            given.a_debit(mandate, now=now + given.days(1096))


class TestCollect:
    def test_waits_and_books_nothing(self, fan, ach, now):
        debit = given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        assert payment_of(debit).status == Status.PROCESSING
        assert debit.state == DebitState.READY
        assert (wallet(fan), clearing("ach")) == (0, 0)

    def test_the_same_key_is_the_same_debit(self, fan, ach, now):
        mandate = given.a_mandate(fan, ach, now=now)
        assert given.a_debit(mandate, now=now) == given.a_debit(mandate, now=now)
        with pytest.raises(payment_errors.KeyReused):
            given.a_debit(mandate, "51.00", now=now)
        assert Debit.objects.count() == 1

    def test_sepa_payers_are_told_14_days_before(self, fan, sepa, now):
        debit = given.a_debit(given.a_mandate(fan, sepa, now=now), now=now)
        assert debit.collect_on == date(2026, 1, 29)
        given.a_debit(debit.mandate, now=now)  # asked for again by the same key

        mail = Message.objects.get(kind="debit.notice")
        assert mail.user_id == fan.user_id
        assert mail.context["amount"] == debit.amount.formatted
        assert mail.context["collect_on"] == debit.collect_on.isoformat()
        assert mail.context["mandate"] == debit.mandate.reference
        assert mail.context["creditor_id"] == "DE98ZZZ09999999999"

    def test_who_pays_by_ach_asked_for_the_very_day_and_gets_no_notice(self, fan, ach, now):
        given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        assert not Message.objects.filter(kind="debit.notice").exists()

    def test_the_account_says_what_it_takes(self, fan, ach, now):
        mandate = given.a_mandate(fan, ach, now=now)
        with pytest.raises(payment_errors.AmountOutOfRange):
            given.a_debit(mandate, "1000.01", now=now)
        with pytest.raises(payment_errors.CurrencyNotOffered):
            debits.collect(
                mandate_public_id=mandate.public_id, profile=fan, amount=Money.of("5", "EUR"),
                idempotency_key="e", now=now,
            )  # fmt: skip
        assert not Debit.objects.exists()

    @pytest.mark.parametrize("score", [45, 65, 90])
    def test_what_risk_does_not_let_through_is_in_no_file(self, fan, ach, now, score):
        """A file waits for no person: to be looked at is to be refused."""
        live("LARGE_AMOUNT", score, now=now, currency="USD", more_than=1)
        mandate = given.a_mandate(fan, ach, now=now)
        for _ in range(2):
            with pytest.raises(payment_errors.PaymentRefused):
                given.a_debit(mandate, now=now)
        assert not Debit.objects.exists()
        payment = Transaction.objects.get()
        assert (payment.status, wallet(fan)) == (Status.FAILED, 0)
        assert Assessment.objects.get().review == ""


class TestFile:
    def test_holds_what_is_due_and_is_made_once_a_cut_off(self, fan, ach, staff, now):
        mandate = given.a_mandate(fan, ach, now=now)
        first = given.a_debit(mandate, "50.00", now=now)
        second = given.a_debit(mandate, "12.34", now=now, key="d2")
        late = given.a_debit(mandate, now=given.EVENING, key="late")
        file = given.a_file(ach, staff, now=given.EVENING)
        assert (file.items, file.total_minor, file.entry_hash) == (2, 62_34, "0046276020")
        assert file.collect_on == date(2026, 1, 16)
        assert file.sha256 == hashlib.sha256(bytes(file.body)).hexdigest()
        lines = bytes(file.body).decode().split("\n")
        assert lines[0][:40] == "101 23138010401210428822601151630A094101"
        assert [line[29:39] for line in lines if line[:1] == "6"] == ["0000005000", "0000001234"]
        assert [item.reference for item in FileItem.objects.order_by("number")] == [
            "121042880000001", "121042880000002",
        ]  # fmt: skip
        assert debits.make_files(now=given.EVENING) == 0
        states = {d.pk: d.state for d in Debit.objects.all()}
        assert states == {
            first.pk: DebitState.IN_FILE, second.pk: DebitState.IN_FILE, late.pk: DebitState.READY,
        }  # fmt: skip
        # Friday's file has the late one, goes on with the traces, and is collected after the
        # weekend and the holiday.
        assert debits.make_files(now=given.EVENING + given.days(1)) == 1
        friday = DebitFile.objects.latest("id")
        assert friday.entries.get().reference == "121042880000003"
        assert friday.collect_on == date(2026, 1, 20)

    def test_of_sepa_is_valid_and_names_mandate_and_amount(self, fan, sepa, staff, now):
        mandate = given.a_mandate(fan, sepa, now=now)
        debit = given.a_debit(mandate, now=now)
        assert debits.make_files(now=now + given.days(5)) == 0
        file = given.a_file(sepa, staff, now=datetime(2026, 1, 28, 12, tzinfo=UTC))
        body = bytes(file.body).decode()
        for part in (
            f"<EndToEndId>{debit.public_id.hex}</EndToEndId>",
            f"<MndtId>{mandate.reference}</MndtId>",
            '<InstdAmt Ccy="EUR">50.00</InstdAmt>',
            "<ReqdColltnDt>2026-01-29</ReqdColltnDt>",
            "<CtrlSum>50.00</CtrlSum>",
            "pain.008.001.08",
        ):
            assert part in body
        assert (file.items, file.total_minor, file.currency) == (1, 50_00, "EUR")

    def test_without_our_banks_settings_nothing_is_made_or_moved(self, fan, ach, settings, now):
        given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        settings.GATEWAY_CREDENTIALS = {}
        assert debits.make_files(now=given.EVENING) == 0
        assert Debit.objects.get().state == DebitState.READY
        assert not DebitFile.objects.exists()

    def test_cannot_be_changed_nor_a_debit_be_in_two(self, fan, ach, staff, now):
        debit = given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        file = given.a_file(ach, staff, now=given.EVENING)
        for change in (
            lambda: DebitFile.objects.filter(pk=file.pk).update(body=b"x"),
            lambda: DebitFile.objects.filter(pk=file.pk).update(state=FileState.MADE),
            lambda: FileItem.objects.filter(debit=debit).update(amount_minor=1),
        ):
            with pytest.raises(DatabaseError, match="kept as it is"), transaction.atomic():
                change()
        with pytest.raises(IntegrityError), transaction.atomic():
            FileItem.objects.create(
                file=file, debit=debit, number=2, reference="other", amount_minor=1
            )


class TestHandOver:
    @pytest.fixture
    def file(self, fan, ach, now):
        given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        return debits.make_file(account_id=ach.pk, gateway="ach", now=given.EVENING)

    def test_needs_two_people(self, file, staff, now):
        one, two = staff("finance"), staff("finance")
        debits.approve_file(file_id=file.pk, by=one, reason="", now=now)
        with pytest.raises(errors.SecondPersonNeeded):
            debits.approve_file(file_id=file.pk, by=one, reason="", now=now)
        with pytest.raises(errors.WrongState):
            debits.take_file(file_id=file.pk, by=two, now=now)
        assert Debit.objects.get().hold_until is None
        debits.approve_file(file_id=file.pk, by=two, reason="", now=now)
        assert debits.take_file(file_id=file.pk, by=one, now=now) == bytes(file.body)

    def test_is_once_until_a_second_person_releases_another_copy(self, file, staff, now):
        one, two = staff("finance"), staff("finance")
        for person in (one, two):
            debits.approve_file(file_id=file.pk, by=person, reason="", now=now)
        debits.take_file(file_id=file.pk, by=one, now=given.EVENING)
        with pytest.raises(errors.AlreadyHandedOver):
            debits.take_file(file_id=file.pk, by=one, now=given.EVENING)
        with pytest.raises(errors.SecondPersonNeeded):
            debits.release_copy(file_id=file.pk, by=one, reason="lost", now=given.EVENING)
        debits.release_copy(file_id=file.pk, by=two, reason="lost", now=given.EVENING)
        held = Debit.objects.get().hold_until
        assert debits.take_file(
            file_id=file.pk, by=one, now=given.EVENING + given.days(9)
        ) == bytes(file.body)
        assert Debit.objects.get().hold_until == held

    @pytest.mark.parametrize("role", ["support", "compliance", "payouts"])
    def test_is_for_finance_only(self, file, staff, now, role):
        person = staff(role)
        for act in (
            lambda: debits.approve_file(file_id=file.pk, by=person, reason="", now=now),
            lambda: debits.take_file(file_id=file.pk, by=person, now=now),
            lambda: debits.release_copy(file_id=file.pk, by=person, reason="x", now=now),
        ):
            with pytest.raises(errors.DebitsNotAllowed):
                act()
        file.refresh_from_db()
        assert file.state == FileState.MADE


class TestHold:
    def test_ends_in_the_wallet_when_no_return_came(self, fan, ach, staff, now):
        debit = given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        given.a_file(ach, staff, now=given.EVENING)
        debit.refresh_from_db()
        # Collected on Friday 16, four open days on, over the holiday: Friday 23.
        assert debit.hold_until == date(2026, 1, 23)
        assert debits.settle_due(now=datetime(2026, 1, 22, 20, tzinfo=UTC)) == 0
        assert (wallet(fan), clearing("ach")) == (0, 0)
        settled = datetime(2026, 1, 23, 20, tzinfo=UTC)
        assert debits.settle_due(now=settled) == 1
        assert debits.settle_due(now=settled) == 0
        debit.refresh_from_db()
        assert debit.state == DebitState.SETTLED
        assert payment_of(debit).status == Status.CAPTURED
        assert payment_of(debit).gateway_reference == "121042880000001"
        # The whole deposit is the fan's; its processing, 1 %, is our cost, to be paid to the bank.
        assert wallet(fan) == 50_00
        assert clearing("ach") == 50_00

    def test_does_not_begin_before_the_file_is_handed_over(self, fan, ach, now):
        given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        debits.make_files(now=given.EVENING)
        assert debits.settle_due(now=now + given.days(60)) == 0
        assert wallet(fan) == 0


class TestReturn:
    @pytest.fixture
    def debit(self, fan, ach, staff, now):
        debit = given.a_debit(given.a_mandate(fan, ach, now=now), now=now)
        given.a_file(ach, staff, now=given.EVENING)
        return debit

    def told(self, ach, staff, code="R06", *, kind="99", now, **more):
        body = given.ach_file(kind, code, "121042880000001", **more)
        return given.told(ach, body, staff, format_name=Format.NACHA, now=now)

    def test_before_capture_declines_and_books_nothing(self, fan, ach, staff, debit, now):
        later = given.EVENING + given.days(2)
        self.told(ach, staff, now=later)
        debit.refresh_from_db()
        assert (debit.state, debit.return_code) == (DebitState.RETURNED, "R06")
        assert payment_of(debit).status == Status.FAILED
        assert payment_of(debit).failure_code == "R06"
        assert debits.settle_due(now=later + given.days(30)) == 0
        assert (wallet(fan), clearing("ach")) == (0, 0)
        assert debit.mandate.state == MandateState.ACTIVE

    def test_the_same_file_again_changes_nothing(self, ach, staff, debit, now):
        later = given.EVENING + given.days(2)
        assert not self.told(ach, staff, now=later).replayed
        assert self.told(ach, staff, now=later).replayed
        assert BankItem.objects.count() == 1

    def test_told_by_another_file_it_is_counted_and_not_heard_again(
        self, fan, ach, staff, debit, now
    ):
        debits.settle_due(now=given.EVENING + given.days(20))
        later = given.EVENING + given.days(30)
        self.told(ach, staff, "R10", now=later)
        again = given.ach_file("99", "R10", "121042880000001", data="once more")
        received = given.told(ach, again, staff, format_name=Format.NACHA, now=later).file
        assert (received.items, received.repeats) == (0, 1)
        other = self.told(ach, staff, "R07", now=later).file
        assert other.news.get().state == ItemState.REPEAT
        assert Dispute.objects.count() == 1
        assert wallet(fan) == 0

    def test_after_capture_is_a_lost_dispute_and_blocks_the_mandate(
        self, fan, ach, staff, debit, now
    ):
        debits.settle_due(now=given.EVENING + given.days(20))
        assert wallet(fan) == 50_00
        self.told(ach, staff, "R10", now=given.EVENING + given.days(30))
        debit.refresh_from_db()
        assert debit.state == DebitState.RETURNED
        assert payment_of(debit).status == Status.DISPUTED
        assert Dispute.objects.get().stage == "LOST"
        assert wallet(fan) == 0
        assert clearing("ach") == 0
        assert ledger.balance_of(postings.disputed("ach"), "USD").minor == 0
        debit.mandate.refresh_from_db()
        assert (debit.mandate.state, debit.mandate.ended_by_code) == (MandateState.BLOCKED, "R10")

    def test_of_another_amount_waits_for_a_person(self, fan, ach, staff, debit, now):
        self.told(ach, staff, now=given.EVENING, cents=4999)
        item = BankItem.objects.get()
        assert item.state == ItemState.QUEUED
        debit.refresh_from_db()
        assert debit.state == DebitState.IN_FILE
        assert debit.needs_staff == item.why
        # What a person must look at is not captured meanwhile.
        assert debits.settle_due(now=given.EVENING + given.days(30)) == 0
        assert wallet(fan) == 0

    def test_of_a_debit_we_do_not_know_waits_for_a_person(self, ach, staff, debit, now):
        body = given.ach_file("99", "R01", "999999990000001")
        given.told(ach, body, staff, format_name=Format.NACHA, now=now)
        item = BankItem.objects.get()
        assert (item.state, item.debit) == (ItemState.QUEUED, None)
        person = staff("finance")
        with pytest.raises(errors.ReasonMissing):
            debits.settle_item(item_id=item.pk, by=person, reason=" ", now=now)
        done = debits.settle_item(item_id=item.pk, by=person, reason="another firm's", now=now)
        assert done.state == ItemState.SETTLED
        with pytest.raises(errors.WrongState):
            debits.try_again(item_id=item.pk, by=person, reason="x", now=now)

    def test_is_not_taken_from_another_account_of_ours(self, ach, staff, debit, now):
        other = given.a_bank("ach", account_number="second")
        self.told(other, staff, now=now)
        assert BankItem.objects.get().state == ItemState.QUEUED
        assert Debit.objects.get().state == DebitState.IN_FILE

    def test_a_wrong_file_leaves_no_trace(self, ach, sepa, staff, debit, now):
        good = given.ach_file("99", "R01", "121042880000001")
        for bank, body, name in (
            (ach, good[:-95], Format.NACHA),
            (ach, b"", Format.NACHA),
            (sepa, good, Format.PAIN002),
            (sepa, b"<Document><Else/></Document>", Format.PAIN002),
            (sepa, given.camt053(iban="NL91ABNA0417164300"), Format.CAMT053),
            (sepa, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', Format.CAMT053),
        ):
            with pytest.raises(errors.WrongFile):
                given.told(bank, body, staff, format_name=name, now=now)
        with pytest.raises(errors.BankNotOfThis):
            given.told(ach, good, staff, format_name=Format.CAMT053, now=now)
        assert not BankItem.objects.exists()
        assert Debit.objects.get().state == DebitState.IN_FILE

    def test_a_notification_of_change_moves_the_next_debit(self, fan, ach, staff, debit, now):
        self.told(ach, staff, "C01", kind="98", data="1918171614", now=now)
        mandate = Mandate.objects.get()
        assert account_behind(mandate)["account"] == "1918171614"
        assert (mandate.last4, mandate.state) == ("1614", MandateState.ACTIVE)
        assert [line.what for line in mandate.history.order_by("id")] == [
            "Signed", "Corrected by the bank: account",
        ]  # fmt: skip
        item = BankItem.objects.get()
        assert (item.state, item.sealed) == (ItemState.APPLIED, "")
        given.a_debit(mandate, now=given.EVENING + timedelta(hours=1), key="next")
        debits.make_files(now=given.EVENING + given.days(1))
        assert b"1918171614" in bytes(DebitFile.objects.latest("id").body)

    def test_a_change_with_a_wrong_check_digit_waits_for_a_person(self, ach, staff, debit, now):
        self.told(ach, staff, "C02", kind="98", data="231380105", now=now)
        assert BankItem.objects.get().state == ItemState.QUEUED
        assert Mandate.objects.get().bank == "231380104"
