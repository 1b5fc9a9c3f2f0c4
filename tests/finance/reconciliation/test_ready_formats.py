"""Settlement reports as processors write them, read by the mappings that are delivered."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from apps.accounts.models import Profile, User
from apps.core.money import Money
from apps.finance.ledger import selectors as books
from apps.finance.ledger.postings import AccountRef, processor_clearing
from apps.finance.payments.choices import Gateway, method_of
from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.adapters import FORMATS, READY, ParsedLine, Problem
from apps.finance.reconciliation.choices import Compares, Counter
from apps.finance.reconciliation.models import ReconciliationException
from tests.finance.reconciliation.given import a_sale, a_source

ADYEN = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
    "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
    "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),"
    "Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number\n"
    "Fanz,FanzECOM,PSP1,a1,visa,2026-01-10 11:59:08,CET,Settled,M1,USD,,25.00,1,USD,,23.80,,"
    "0.60,0.10,0.50,7\n"
    "Fanz,FanzECOM,PSP2,a2,mc,2026-01-10 12:00:00,CET,Settled,M2,USD,,10.00,1,USD,,9.50,0.50"
    ",,,,7\n"
    "Fanz,FanzECOM,PSP2,a2,mc,2026-01-12 09:00:00,CET,Refunded,M3,USD,10.00,,1,USD,9.80,,"
    "-0.20,,,,7\n"
    "Fanz,FanzECOM,PSP1,a1,visa,2026-01-13 09:00:00,CET,Chargeback,M4,USD,25.00,,1,USD,25.00,,"
    ",,,,7\n"
    "Fanz,FanzECOM,,,,2026-01-14 00:00:00,CET,Fee,chargeback fee,USD,,,,USD,7.50,,,,,,7\n"
    "Fanz,FanzECOM,,,,2026-01-14 00:00:00,CET,ReserveAdjustment,,USD,,,,USD,1.70,,,,,,7\n"
    "Fanz,FanzECOM,,,,2026-01-14 00:00:01,CET,MerchantPayout,,USD,,,,USD,0.30,,,,,,7\n"
)
CCBILL = (
    '"NEW","900000","0002","0126010101000000001","2026-01-10 08:01:02","Ann","Example",'
    '"a@fan.example","","ACTIVE","25.00","2.95","0.00","0","0","VISA"\n'
    '"REBILL","900000","0002","0126010101000000001","2026-01-11 08:01:02","0226010101000000009",'
    '"9.99"\n'
    '"REFUND","900000","0002","0126010101000000001","2026-01-12 08:01:02","25.00"\n'
    '"CHARGEBACK","900000","0002","0126010101000000002","2026-01-13 08:01:02","9.99"\n'
    '"EXPIRE","900000","0002","0126010101000000003","2026-01-13","2026-01-12"\n'
)
#: A file of each, and its lines: the net amount, the fee, the reference, the day of January.
FILES: dict[str, tuple[str, list[tuple[int, int, str, int]]]] = {
    "adyen": (
        ADYEN,
        [
            (23_80, 1_20, "PSP1", 10),
            (9_50, 50, "PSP2", 10),
            (-9_80, -20, "PSP2", 12),
            (-25_00, 0, "PSP1", 13),
            (-7_50, 0, "", 14),
            (-1_70, 0, "", 14),
            (-30, 0, "", 14),
        ],
    ),
    "ccbill": (
        CCBILL,
        [
            (25_00, 0, "0126010101000000001", 10),
            (9_99, 0, "0226010101000000009", 11),
            (-25_00, 0, "0126010101000000001", 12),
            (-9_99, 0, "0126010101000000002", 13),
        ],
    ),
    "segpay": (
        "purchaseid,tranid,relatedtranid,trantype,transtime,price,currencycode\n"
        "5001,8001,0,sale,1/10/2026 3:04:05 PM,25.00,USD\n"
        "5001,8002,8001,charge,1/12/2026 3:04:05 AM,25.00,USD\n",
        [(25_00, 0, "8001", 10), (-25_00, 0, "8002", 12)],
    ),
    "rapyd": (
        "id,type,amount,fee,currency,merchant_reference_id,created_at\n"
        "payment_1,payment,25.00,1.10,USD,a1,2026-01-10T10:00:00Z\n"
        "refund_1,refund,25.00,0.30,USD,a1,2026-01-12T10:00:00Z\n"
        "reserve_1,reserve,2.50,,USD,,2026-01-12T10:00:01Z\n",
        [
            (23_90, 1_10, "payment_1", 10),
            (-25_30, 30, "refund_1", 12),
            (-2_50, 0, "reserve_1", 12),
        ],
    ),
    "nmi": (
        "transaction_id,action_type,amount,date,batch_id,success\n"
        "3001,auth,25.00,20260110100000,,1\n"
        "3001,sale,25.00,20260110100000,77,1\n"
        "3002,refund,5.00,20260111100000,78,1\n",
        [(25_00, 0, "3001", 10), (-5_00, 0, "3002", 11)],
    ),
    "btcpay": (
        "ReceivedDate,InvoiceId,OrderId,InvoiceFiatAmount,InvoiceCurrency,InvoiceStatus\n"
        "2026-01-10 10:00:00,INV1,a1,25.00,USD,settled\n"
        "2026-01-10 11:00:00,INV2,a2,30.00,USD,expired\n",
        [(25_00, 0, "INV1", 10)],
    ),
    "nowpayments": (
        "payment_id,payment_status,price_amount,price_currency,order_id,updated_at\n"
        "6001,finished,25,usd,a1,2026-01-10T10:00:00.123Z\n"
        "6002,expired,30,usd,a2,2026-01-10T11:00:00.000Z\n",
        [(25_00, 0, "6001", 10)],
    ),
}


def parse(name: str, text: str, **changes: Any) -> list[Any]:
    ready = READY[name]
    return list(
        FORMATS[ready.format].parse(
            io.BytesIO(text.encode()), currency="USD", mapping={**ready.mapping, **changes}
        )
    )


@pytest.mark.parametrize("name", READY)
def test_every_delivered_mapping_is_one_its_format_takes(name: str) -> None:
    ready = READY[name]
    assert FORMATS[ready.format].check(ready.mapping) == ""
    assert ready.owner == name
    assert ready.compares in Compares.values


def test_every_processor_of_cards_and_coins_has_one() -> None:
    banks = {"ach", "sepa", "wire"}
    assert set(READY) == {name for name in Gateway.values if method_of(name)} - banks


@pytest.mark.parametrize("name", FILES)
def test_a_report_is_read_to_the_cent(name: str) -> None:
    text, expected = FILES[name]
    read = parse(name, text)
    assert [p for p in read if isinstance(p, Problem)] == []
    assert [
        (p.amount_minor, p.fee_minor, p.reference, p.booked_on.day)
        for p in read
        if isinstance(p, ParsedLine)
    ] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Error: Authentication failed.\n", "CCBill refused to give it"),
        ("BONUS,900000,0002\n", "kind BONUS"),
        ("REFUND,900000,0002,7,2026-01-12 08:01:02\n", "only 5 fields"),
        ("REFUND,900000,0002,7,yesterday,25.00\n", "not a date"),
        ("REFUND,900000,0002,7,2026-01-12 08:01:02,lots\n", "not an amount"),
        ("REFUND,900000,0002,,2026-01-12 08:01:02,25.00\n", "names no sale"),
    ],
)
def test_an_extract_that_is_not_understood_is_a_problem(text: str, reason: str) -> None:
    [problem] = parse("ccbill", text)
    assert isinstance(problem, Problem)
    assert reason in problem.reason


def test_an_extract_with_nothing_to_tell_has_no_lines() -> None:
    assert parse("ccbill", "1\n") == []


def test_the_older_columns_of_an_extract_are_a_setting() -> None:
    row = ["NEW", "900000", "0002", "77", "2026-01-10 08:01:02", *["x"] * 12, "25.00"]
    places = {"NEW": {"reference": 3, "booked_on": 4, "amount": 17}}
    [line] = parse("ccbill", ",".join(row) + "\n", rows=places)
    assert (line.amount_minor, line.reference) == (25_00, "77")


@pytest.mark.django_db
def test_a_report_proves_the_clearing_account_and_a_fee_line_is_booked_as_cost(
    fan: Profile, creator: Profile, staff: Callable[..., User], now: datetime
) -> None:
    a_sale(fan, creator, "PSP1")
    heading, settled, _, _, _, fee, *_ = ADYEN.splitlines(keepends=True)
    ready = READY["adyen"]
    source = a_source(
        name="Adyen", format_name=ready.format, mapping=ready.mapping, compares=ready.compares
    )
    statement = reconciliation.receive_statement(
        source_id=source.pk,
        file=io.BytesIO((heading + settled + fee).encode()),
        file_name="settlement_detail_report_batch_7.csv",
        period_start=date(2026, 1, 10),
        period_end=date(2026, 1, 14),
        opening_minor=0,
        closing_minor=16_30,
        by=None,
        now=now,
    ).statement
    reconciliation.load_statement(statement_id=statement.pk, now=now)
    reconciliation.match_statement(statement_id=statement.pk, now=now)
    found = ReconciliationException.objects.get(state="OPEN")
    assert (found.type, found.difference_minor) == ("EXTRA", -7_50)

    reconciliation.post_difference(
        exception_id=found.pk,
        counter=Counter.PROCESSING_COSTS,
        effective_on=None,
        by=staff("finance"),
        reason="A fee of theirs",
        now=now,
    )

    statement.refresh_from_db()
    assert (statement.state, statement.matched_count) == ("COMPLETE", 2)
    assert books.balance_of(AccountRef("5100"), "USD") == Money(7_50, "USD")
    assert books.balance_of(processor_clearing("ccbill"), "USD") == Money(17_50, "USD")
