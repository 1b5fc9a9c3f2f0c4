"""Paxum's API v1 as documented."""

import json
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings

from sandbox.paxum import key_of
from tests.sandbox.control import Answer, Sandbox

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
PATH = "/paxum/payment/api/paymentAPI.php"


def call(sandbox: Sandbox, method: str, **fields: str) -> ET.Element:
    return ET.fromstring(send(sandbox, method, **fields).text.strip())  # noqa: S314  (our own)


def send(sandbox: Sandbox, method: str, **fields: str) -> Answer:
    fields.setdefault("fromEmail", settings.PAXUM["from_email"])
    fields.setdefault("key", key_of(settings.PAXUM["shared_secret"], method, fields))
    return sandbox.post_form(PATH, {"method": method, **fields})


def transfer(sandbox: Sandbox, to: str = "ann@creator.example", **fields: str) -> str:
    given = {"toEmail": to, "amount": "10.00", "currency": "USD", "reference": "PO-1", **fields}
    return call(sandbox, "transferFunds", **given).findtext("ResponseCode", "")


def test_the_key_agrees_with_the_vector() -> None:
    vector = VECTORS["paxum-v1-transferFunds"]

    assert key_of(vector["secret"], "transferFunds", vector["input"]) == vector["expected"]


class TestTransferFunds:
    def test_pays_and_takes_amount_and_fee(self, sandbox: Sandbox) -> None:
        answer = call(
            sandbox,
            "transferFunds",
            toEmail="ann@creator.example",
            amount="10.00",
            currency="USD",
            reference="PO-1",
        )

        assert [(item.tag, item.text) for item in answer] == [
            ("Environment", "SANDBOX"),
            ("Method", "transferFunds"),
            ("ResponseCode", "00"),
            ("ResponseDescription", "Approved or Completed Successfully"),
            ("Fee", "1.00"),
            ("TransactionId", "23646001"),
        ]
        balances = sandbox.read("transfers")["balances"]
        assert balances[settings.PAXUM["from_email"]] == {"USD": "999989.00"}

    def test_pays_a_repeated_reference_again(self, sandbox: Sandbox) -> None:
        assert [transfer(sandbox), transfer(sandbox)] == ["00", "00"]

        assert sandbox.times_paid("PO-1") == 2

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"to": "unknown@x.example"}, "IP"),
            ({"to": "insufficient@x.example"}, "51"),
            ({"to": "error@x.example"}, "13"),
            ({"to": "mismatch+7@x.example", "firstName": "Ann"}, "NM"),
            ({"amount": "10.001"}, "30"),
            ({"amount": "Infinity"}, "30"),
            ({"amount": "999999.50"}, "51"),
            ({"currency": "XXX"}, "IK"),
            ({"fromEmail": "who@x.example"}, "03"),
            ({"key": "0" * 32}, "90"),
            ({"fromAccount": "1"}, "IA"),
        ],
    )
    def test_refuses_and_pays_nothing(
        self, sandbox: Sandbox, fields: dict[str, str], code: str
    ) -> None:
        assert transfer(sandbox, **fields) == code

        assert sandbox.transfers() == []

    @pytest.mark.parametrize(("payee", "paid"), [("timeout", 0), ("timeout-paid", 1)])
    def test_hangs_before_or_after_paying(self, sandbox: Sandbox, payee: str, paid: int) -> None:
        with pytest.raises(HTTPException):
            transfer(sandbox, f"{payee}@x.example")

        assert sandbox.times_paid("PO-1") == paid

    def test_answers_a_system_error_although_it_paid(self, sandbox: Sandbox) -> None:
        sandbox.scenario("paxum", key="PO-1", fail="code_after", code="13")

        assert transfer(sandbox) == "13"
        assert sandbox.times_paid("PO-1") == 1


class TestTransactionHistory:
    def test_lists_the_newest_first_page_by_page(self, sandbox: Sandbox) -> None:
        sandbox.stop_clock(datetime(2026, 1, 16, 2, tzinfo=UTC).isoformat())
        for number in range(3):
            transfer(sandbox, reference=f"PO-{number}")

        pages = [
            call(
                sandbox,
                "transactionHistory",
                accountId=settings.PAXUM["account_id"],
                fromDate="2026-01-15",
                toDate="2026-01-15",
                pageSize="2",
                pageNumber=number,
            )
            for number in ("1", "2", "3")
        ]

        found = [[row.findtext("Reference") for row in page.iter("Transaction")] for page in pages]
        assert found == [["PO-2", "PO-1"], ["PO-0"], []]
        assert pages[0].findtext("TotalTransactions") == "3"
        assert pages[0].findtext("Transactions/Transaction/Date") == "2026-01-15 21:00:00"

    def test_refuses_another_account(self, sandbox: Sandbox) -> None:
        answer = call(
            sandbox,
            "transactionHistory",
            accountId="1",
            fromDate="2026-01-15",
            toDate="2026-01-15",
        )

        assert answer.findtext("ResponseCode") == "IA"


def test_tells_balances_and_currencies(sandbox: Sandbox) -> None:
    balance = call(sandbox, "balanceInquiry", accountId=settings.PAXUM["account_id"])
    currencies = call(sandbox, "currencyInquiry")

    assert balance.findtext("Accounts/Account/Balance") == "1000000.00"
    assert [item.text for item in currencies.iter("Currency")] == ["USD", "EUR", "CAD", "GBP"]
