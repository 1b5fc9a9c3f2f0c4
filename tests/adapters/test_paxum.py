"""Paxum's adapter against a server that answers as its documentation says."""

from datetime import UTC, datetime

import pytest

from apps.core import http
from apps.core.money import Money
from apps.payouts.adapters import (
    Found,
    Instruction,
    Later,
    Paid,
    Record,
    Refused,
    Unclear,
    Unknown,
    rail_for,
)
from apps.payouts.adapters.paxum import sign
from tests.payouts import paxum_stand_in

TEN = Money.of("10.00", "USD")
ONE = Money.of("1.00", "USD")
LATER = {*(str(code) for code in range(51, 59)), "03", "30", "66", "90", "99", "IA", "P5"}
DAY = datetime(2026, 1, 15, 12, tzinfo=UTC)
PAYEE = {
    "email": "payee@domain.com",
    "first_name": "Ada",
    "last_name": "Byron",
    "business_name": "",
}
ORDER = Instruction(reference="PO-1001", amount=TEN, destination=PAYEE, note="Creator earnings")


@pytest.fixture
def paxum(settings):
    http.reset_breakers()
    with paxum_stand_in.running() as state:
        settings.PAXUM = {**settings.PAXUM, "api_url": state.url, "environment": "SANDBOX"}
        yield state
    http.reset_breakers()


def send():
    return rail_for("PAXUM").send(ORDER)


def look_up(reference="PO-1001"):
    return rail_for("PAXUM").look_up(reference=reference, currency="USD", since=DAY, until=DAY)


def others_after(paxum, count):
    """Later transfers of the same account under other references."""
    first = paxum.transfers[0]
    return [{**first, "reference": f"PO-{n}", "id": f"9{n:07}"} for n in range(count)]


class TestSign:
    def test_agrees_with_the_computed_vector(self):
        # Computed by us from the documented order: it proves our reading, not Paxum's.
        fields = {
            "toEmail": "payee@domain.com",
            "amount": "10.00",
            "currency": "USD",
            "note": "Creator earnings 2026-W01",
            "reference": "PO-1001",
        }

        key = sign("transferFunds", fields, secret="sandbox-secret")

        assert key == "b0f43cd8417fc88682682c00cd445020"

    def test_follows_the_documented_order_whatever_the_order_given(self):
        forth = {"toEmail": "a@b.example", "amount": "1.00", "reference": "r", "currency": "USD"}
        back = dict(reversed(forth.items()))

        assert sign("transferFunds", forth, secret="s") == sign("transferFunds", back, secret="s")


class TestSend:
    def test_is_paid_with_the_rails_id_and_fee(self, paxum):
        assert send() == Paid(transaction_id="23646236", fee=ONE)

    def test_sends_the_payees_names_the_pinned_account_and_a_key_over_all_of_it(
        self, paxum, settings
    ):
        send()

        (form,) = paxum.requests
        key = form.pop("key")
        assert form == {
            "method": "transferFunds",
            "fromEmail": "payouts@fanz.example",
            "toEmail": "payee@domain.com",
            "amount": "10.00",
            "currency": "USD",
            "note": "Creator earnings",
            "firstName": "Ada",
            "lastName": "Byron",
            "reference": "PO-1001",
            "fromAccount": "590900",
        }
        assert key == sign("transferFunds", form, secret=settings.PAXUM["shared_secret"])

    @pytest.mark.parametrize("code", ["IP", "IK", "NM", "BM", "UA", "CT", "CB", "CC"])
    def test_is_refused_for_good_when_the_payee_is_at_fault(self, paxum, code):
        paxum.code = code

        outcome = send()

        assert isinstance(outcome, Refused)
        assert outcome.code == code

    @pytest.mark.parametrize(
        "code",
        ["03", "30", "51", "52", "53", "54", "55", "56", "57", "58", "66", "90", "99", "IA", "P5"],
    )
    def test_comes_later_when_we_are_at_fault(self, paxum, code):
        paxum.code = code

        outcome = send()

        assert isinstance(outcome, Later)
        assert outcome.code == code

    @pytest.mark.parametrize("code", ["13", "83", "88", "89", "IT", "ZZ", "0", ""])
    def test_is_unknown_on_a_system_error_and_on_any_code_not_listed(self, paxum, code):
        paxum.code = code

        outcome = send()

        assert isinstance(outcome, Unknown)
        assert outcome.code == (code or "NO_CODE")

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"<html>We are sorry</html>",
            b"<Response><ResponseCode>00",
            b'<!DOCTYPE r [<!ENTITY a "00">]><Response>'
            b"<ResponseCode>&a;</ResponseCode></Response>",
            b"<Response><ResponseCode>00</ResponseCode></Response>",
            b"<Response><Environment>SANDBOX</Environment><ResponseCode>00</ResponseCode></Response>",
            b"<Response><Environment>SANDBOX</Environment><ResponseCode>00</ResponseCode>"
            b"<Fee>a lot</Fee><TransactionId>1</TransactionId></Response>",
            b"<Response><Environment>SANDBOX</Environment><Method>balanceInquiry</Method>"
            b"<ResponseCode>00</ResponseCode><TransactionId>1</TransactionId></Response>",
        ],
    )
    def test_is_unknown_when_the_answer_cannot_be_read(self, paxum, raw):
        paxum.raw = raw

        outcome = send()

        assert isinstance(outcome, Unknown)
        assert outcome.code == "UNREADABLE"

    def test_is_unknown_when_another_environment_answers(self, paxum):
        paxum.environment = "PRODUCTION"

        assert isinstance(send(), Unknown)

    @pytest.mark.parametrize("status", [302, 400, 500, 503])
    def test_is_unknown_on_any_other_http_status(self, paxum, status):
        paxum.http_status = status

        assert isinstance(send(), Unknown)

    def test_comes_later_when_nobody_listens(self, paxum, settings):
        settings.PAXUM = {**settings.PAXUM, "api_url": "http://127.0.0.1:1/"}

        assert send() == Later("NOT_SENT", "The service could not be reached.")

    def test_is_unknown_when_the_answer_stays_away(self, paxum, monkeypatch):
        monkeypatch.setattr("apps.payouts.adapters.paxum.TIMEOUT_SECONDS", 0.3)
        paxum.silence = "after"

        outcome = send()

        assert isinstance(outcome, Unknown)
        assert outcome.code == "NO_ANSWER"
        assert len(paxum.transfers) == 1


class TestLookUp:
    def test_finds_what_was_sent(self, paxum):
        send()

        assert look_up() == Found(
            (Record("23646236", amount=TEN, fee=ONE, payee="payee@domain.com", completed=True),)
        )

    def test_finds_nothing_under_another_reference(self, paxum):
        send()

        assert look_up("PO-100") == Found(())

    def test_reads_to_the_last_page(self, paxum):
        send()
        paxum.transfers += [{**paxum.transfers[0], "reference": f"PO-{n}"} for n in range(150)]

        found = look_up()

        assert isinstance(found, Found)
        assert [record.transaction_id for record in found.records] == ["23646236"]
        asked = paxum.asked("transactionHistory")
        assert [form["pageNumber"] for form in asked] == ["1", "2", "3"]

    @pytest.mark.parametrize("counts_as_asked", [False, True])
    @pytest.mark.parametrize("others", [24, 25, 60, 99, 130])
    def test_a_shorter_page_than_asked_for_is_not_the_last(self, paxum, others, counts_as_asked):
        send()
        paxum.transfers += others_after(paxum, others)
        paxum.most_rows, paxum.counts_as_asked = 25, counts_as_asked

        found = look_up()

        assert isinstance(found, Found)
        assert [record.transaction_id for record in found.records] == ["23646236"]

    def test_what_moves_to_the_next_page_meanwhile_counts_once(self, paxum):
        send()
        paxum.transfers += others_after(paxum, 99)
        paxum.meanwhile = others_after(paxum, 1)

        found = look_up()

        assert isinstance(found, Found)
        assert [record.transaction_id for record in found.records] == ["23646236"]

    def test_two_payments_under_one_reference_are_both_told(self, paxum):
        send()
        send()

        found = look_up()

        assert isinstance(found, Found)
        assert len(found.records) == 2

    def test_a_history_without_an_end_proves_nothing(self, paxum, monkeypatch):
        monkeypatch.setattr("apps.payouts.adapters.paxum.MOST_PAGES", 3)
        send()
        paxum.transfers += others_after(paxum, 250)

        outcome = look_up("PO-none")

        assert isinstance(outcome, Unclear)
        assert outcome.code == "TOO_LONG"

    def test_asks_a_day_wider_than_both_the_callers_time_and_todays(self, paxum):
        look_up()

        (form, *_) = paxum.requests
        assert form["fromDate"] == "2026-01-14"
        assert form["toDate"] > "2026-01-16"

    def test_signs_the_five_values_in_order(self, paxum, settings):
        look_up()

        (form,) = paxum.requests
        assert form["key"] == sign(
            "transactionHistory", form, secret=settings.PAXUM["shared_secret"]
        )

    @pytest.mark.parametrize(
        "raw",
        [
            b"<Response><Environment>SANDBOX</Environment><ResponseCode>13</ResponseCode></Response>",
            b"<Response><Environment>SANDBOX</Environment><ResponseCode>00</ResponseCode></Response>",
            b"nothing",
        ],
    )
    def test_proves_nothing_when_the_history_is_refused_or_has_another_shape(self, paxum, raw):
        paxum.raw = raw

        assert isinstance(look_up(), Unclear)

    def test_proves_nothing_when_nobody_answers(self, paxum, settings):
        settings.PAXUM = {**settings.PAXUM, "api_url": "http://127.0.0.1:1/"}

        assert isinstance(look_up(), Unclear)
