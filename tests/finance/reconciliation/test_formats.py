"""What is made of files, and which of them are refused."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest

from apps.finance.reconciliation.adapters import FORMATS, Balances, ParsedLine, Problem

CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId></GrpHdr>
<Stmt><Id>2026-1</Id>
<FrToDt><FrDtTm>2026-01-01T00:00:00</FrDtTm><ToDtTm>2026-01-31T23:59:59</ToDtTm></FrToDt>
<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt>
 <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">5.00</Amt>
 <CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>
{entries}
</Stmt></BkToCstmrStmt></Document>"""
ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>
<Sts><Cd>{status}</Cd></Sts>
<BookgDt><Dt>2026-01-{day}</Dt></BookgDt><ValDt><Dt>2026-01-{day}</Dt></ValDt>
<AcctSvcrRef>BANK-{day}</AcctSvcrRef><NtryDtls>{details}</NtryDtls></Ntry>"""
DETAIL = """<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>{amount}
<RltdPties><Dbtr><Pty><Nm>CCBill LLC</Nm></Pty></Dbtr><Cdtr><Nm>FANZ</Nm></Cdtr></RltdPties>
<RmtInf><Ustrd>Settlement</Ustrd></RmtInf></TxDtls>"""


def entry(amount: str, sign: str, details: str, *, day: str = "05", status: str = "BOOK") -> str:
    return ENTRY.format(amount=amount, sign=sign, details=details, day=day, status=status)


def detail(reference: str, amount: str = "") -> str:
    return DETAIL.format(
        reference=reference, amount=f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    )


def parse(name: str, text: str, *, currency: str = "USD", **mapping: Any) -> list[Any]:
    file = io.BytesIO(text.encode())
    return list(FORMATS[name].parse(file, currency=currency, mapping=mapping))


def camt(*entries: str, **mapping: Any) -> list[Any]:
    text = CAMT.format(entries="".join(entries))
    return parse("camt.053", text, currency="EUR", **mapping)


def lines_of(parsed: list[Any]) -> list[tuple[int, str, str]]:
    return [
        (p.amount_minor, p.reference, p.counterparty) for p in parsed if isinstance(p, ParsedLine)
    ]


def test_a_csv_row_is_read_by_the_names_of_its_columns() -> None:
    [line] = parse(
        "csv",
        "\ufeffDay;Type;Gross;Cost;Ref;Who\n05.01.2026;REFUND;1.234,50;2,50;R-1;Ada\n",
        columns={
            "booked_on": "Day",
            "type": "Type",
            "amount": "Gross",
            "fee": "Cost",
            "reference": "Ref",
            "counterparty": "Who",
        },
        delimiter=";",
        decimal=",",
        date_format="%d.%m.%Y",
        amount_is="GROSS",
        negative_types=["REFUND"],
    )

    assert line == ParsedLine(
        2, date(2026, 1, 5), date(2026, 1, 5), -123700, 250, "R-1", "Ada", "REFUND"
    )


def test_credit_and_debit_may_have_columns_of_their_own() -> None:
    columns = {"booked_on": "D", "credit": "In", "debit": "Out"}
    parsed = parse("csv", "D,In,Out\n2026-01-01,5.00,\n2026-01-02,,3.10\n", columns=columns)

    assert [line.amount_minor for line in parsed] == [500, -310]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-02-30,1.00,USD", "'2026-02-30' is not a date like %Y-%m-%d."),
        ("2026-01-01,1.005,USD", "'1.005' is not an amount of USD."),
        ("2026-01-01,1e3,USD", "'1e3' is not an amount of USD."),
        ("2026-01-01,,USD", "'' is not an amount of USD."),
        ("2026-01-01,1.00,EUR", "Its currency is EUR, not USD."),
        ("2026-01-01,1.00", "It has more or fewer fields than there are headings."),
        ("2026-01-01,1.00,USD,x", "It has more or fewer fields than there are headings."),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_reason(row: str, why: str) -> None:
    columns = {"booked_on": "D", "amount": "A", "currency": "C"}
    parsed = parse("csv", f"D,A,C\n2026-01-01,1.00,USD\n{row}\n", columns=columns)

    assert parsed[1] == Problem(3, why)


def test_a_file_without_the_columns_says_which_it_lacks() -> None:
    columns = {"booked_on": "Date", "amount": "Sum"}

    assert parse("csv", "Date,Amount\n", columns=columns) == [Problem(1, "The headings lack Sum.")]


def test_a_file_in_another_encoding_is_a_problem_not_an_accident() -> None:
    file = io.BytesIO("Date,Amount,T\n2026-01-01,1.00,ä\n".encode("latin-1"))
    mapping = {"columns": {"booked_on": "Date", "amount": "Amount", "text": "T"}}
    [problem] = FORMATS["csv"].parse(file, currency="USD", mapping=mapping)

    assert isinstance(problem, Problem)
    assert "cannot be read further" in problem.reason


@pytest.mark.parametrize(
    "mapping",
    [
        {},
        {"columns": {"booked_on": "D"}},
        {"columns": {"amount": "A"}},
        {"columns": {"booked_on": "D", "amount": "A", "credit": "C"}},
        {"columns": {"booked_on": "D", "amount": "A", "colour": "C"}},
        {"columns": {"booked_on": "D", "amount": "A"}, "encoding": "no-such"},
        {"columns": {"booked_on": "D", "amount": "A"}, "delimiter": ""},
        {"columns": {"booked_on": "D", "amount": "A"}, "decimal": "x"},
        {"columns": {"booked_on": "D", "amount": "A"}, "amount_is": "BOTH"},
    ],
)
def test_a_mapping_that_cannot_work_is_refused_before_any_file(mapping: dict[str, Any]) -> None:
    assert FORMATS["csv"].check(mapping)


def test_camt_gives_balances_and_lines_with_our_reference() -> None:
    parsed = camt(
        entry("25.00", "CRDT", detail("SET-7")),
        entry("130.00", "DBIT", detail("NOTPROVIDED"), day="06"),
        iban="DE02 1203 0000 0000 2020 51",
    )

    assert lines_of(parsed) == [(2500, "SET-7", "CCBill LLC"), (-13000, "", "FANZ")]
    said = [p for p in parsed if isinstance(p, Balances)]
    assert Balances(opening_minor=10000) in said
    assert Balances(closing_minor=-500) in said
    assert Balances(None, None, date(2026, 1, 1), date(2026, 1, 31)) in said


def test_camt_parts_an_entry_that_pays_many_if_the_amounts_add_up() -> None:
    both = detail("A", "10.00") + detail("B", "15.00")

    assert [line[:2] for line in lines_of(camt(entry("25.00", "DBIT", both)))] == [
        (-1000, "A"),
        (-1500, "B"),
    ]
    assert [line[:2] for line in lines_of(camt(entry("26.00", "DBIT", both)))] == [(-2600, "")]


def test_camt_leaves_out_what_is_only_announced() -> None:
    assert lines_of(camt(entry("25.00", "CRDT", detail("X"), status="PDNG"))) == []


def test_camt_of_another_account_is_refused() -> None:
    parsed = camt(entry("25.00", "CRDT", detail("X")), iban="DE89370400440532013000")

    assert Problem(0, "The statement is of another account.") in parsed


def test_camt_with_an_entry_in_another_currency_names_it() -> None:
    broken = entry("25.00", "CRDT", detail("X")).replace('Ccy="EUR"', 'Ccy="USD"')

    assert [
        p.row for p in camt(entry("1.00", "CRDT", detail("A")), broken) if isinstance(p, Problem)
    ] == [2]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        "<a><b></a>",
        "not xml",
        "<a/>",
    ],
)
def test_what_is_no_statement_or_an_attack_is_refused(text: str) -> None:
    assert any(isinstance(p, Problem) for p in parse("camt.053", text, currency="EUR"))
