"""Files that were cut, joined, changed, or made for somebody else: read rightly, or not at all."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.finance.debits import errors
from apps.finance.debits.adapters.nacha_in import read_nacha
from apps.finance.debits.adapters.sniff import format_of
from apps.finance.debits.adapters.xml_in import read_camt053, read_pain002
from apps.finance.debits.choices import Format, ItemKind
from tests.finance.debits import given

IBAN = "DE89370400440532013000"
WHOLE = given.ach_file("99", "R10", "121042880000001")
OURS = frozenset({"231380104", "0121042882"})


def nacha(body, **more):
    return list(read_nacha(io.BytesIO(body), **more))


def camt(body):
    return list(read_camt053(io.BytesIO(body), iban=IBAN))


def test_two_files_one_after_the_other_are_both_read():
    padding = ("9" * 94 + "\n").encode() * 4
    other = given.ach_file("99", "R01", "121042880000002")
    assert [one.code for one in nacha(WHOLE + padding + other)] == ["R10", "R01"]


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_file_that_lacks_its_last_lines_is_refused(cut):
    lines = WHOLE.splitlines(keepends=True)
    with pytest.raises(errors.WrongFile):
        nacha(b"".join(lines[:-cut]))


@pytest.mark.parametrize(
    "change",
    [
        (b"0000005000", b"0000005001"),
        (b"62623138010", b"62623138011"),
        (b"9000001", b"9000002"),
        (b"8220000002", b"8220000003"),
        (b"626", b"Z26"),
    ],
)
def test_a_file_whose_sums_or_records_were_changed_is_refused(change):
    assert change[0] in WHOLE
    with pytest.raises(errors.WrongFile):
        nacha(WHOLE.replace(change[0], change[1], 1))


def test_rubbish_after_the_end_is_refused():
    with pytest.raises(errors.WrongFile):
        nacha(WHOLE + b"<html>503</html>\n")


def test_another_banks_file_is_refused():
    assert nacha(WHOLE, ours=OURS)
    with pytest.raises(errors.WrongFile):
        nacha(WHOLE, ours=frozenset({"091000019", "0765432108"}))


@for_all(body=st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_whatever_comes_is_read_or_refused(body):
    for read in (nacha, camt, lambda one: list(read_pain002(io.BytesIO(one)))):
        for begin in (b"", b"101", WHOLE[:200], b"<Document><BkToCstmrStmt>"):
            try:
                read(begin + body)
            except errors.WrongFile:
                continue
    assert format_of(io.BytesIO(body)) in {None, *Format}


def test_a_line_without_an_end_is_refused_without_reading_it_whole():
    class Endless(io.RawIOBase):
        read_bytes = 0

        def readline(self, size=-1):
            self.read_bytes += size
            return b"1" * size

    endless = Endless()
    with pytest.raises(errors.WrongFile):
        list(read_nacha(endless))  # type: ignore[arg-type]
    assert endless.read_bytes < 1000


def test_a_statement_of_many_entries_is_read_in_little_memory():
    entry = given.an_entry("1.00", reference="x")
    body = given.camt053(*(entry for _ in range(6000)))
    file = io.BytesIO(body)
    tracemalloc.start()
    assert sum(1 for _ in read_camt053(file, iban=IBAN)) == 6000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20 < len(body)


def balances(opening, closing, count=""):
    def one(code, amount):
        return (
            f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
            "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        )

    summary = f"<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries></TtlNtries></TxsSummry>"
    return one("OPBD", opening) + one("CLBD", closing) + (summary if count else "")


def test_a_statement_whose_entries_lead_to_its_balance_is_read():
    body = given.camt053(
        balances("10.00", "85.00", "2"), given.an_entry("80.00", reference="a"),
        given.an_entry("5.00", way="DBIT", own="B2"),
    )  # fmt: skip
    assert [one.kind for one in camt(body)] == [ItemKind.PAID]


@pytest.mark.parametrize("said", [("10.00", "95.00", "1"), ("10.00", "90.00", "2")])
def test_a_statement_that_lacks_an_entry_is_refused(said):
    with pytest.raises(errors.WrongFile):
        camt(given.camt053(balances(*said), given.an_entry("80.00", reference="a")))


def test_a_deep_document_and_one_with_entities_are_refused():
    deep = b"<Document><BkToCstmrStmt>" + b"<a>" * 100_000
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Document><BkToCstmrStmt>&a;</BkToCstmrStmt></Document>'
    )
    for body in (deep, bomb):
        with pytest.raises(errors.WrongFile):
            camt(body)
