"""Files that would be read as something else, and files meant to do harm."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from apps.finance.reconciliation import services as reconciliation
from apps.finance.reconciliation.adapters import FORMATS, ParsedLine, Problem
from apps.finance.reconciliation.models import StatementLine
from tests.finance.reconciliation.given import a_file, a_received, a_source
from tests.finance.reconciliation.test_formats import CAMT, detail, entry, parse

COLUMNS = {"booked_on": "D", "amount": "A"}


def amount_of(text: str, decimal: str = ".") -> int | str:
    [parsed] = parse("csv", f'D,A\n2026-01-01,"{text}"\n', columns=COLUMNS, decimal=decimal)
    return parsed.amount_minor if isinstance(parsed, ParsedLine) else parsed.reason


@pytest.mark.parametrize(
    ("text", "decimal", "minor"),
    [
        ("1,234.56", ".", 123456),
        ("1.234,56", ",", 123456),
        ("1 234 567.8", ".", 123456780),
        ("1'234.50", ".", 123450),
        ("+5", ".", 500),
        ("\N{MINUS SIGN}5.00", ".", -500),
        ("-0.00", ".", 0),
    ],
)
def test_an_amount_is_read_as_it_is_written(text: str, decimal: str, minor: int) -> None:
    assert amount_of(text, decimal) == minor


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("1,23", "."),  # a hundred times as much, if the comma were but left out
        ("12.34", ","),
        ("1.5", ","),
        ("1.234,56", "."),
        ("1,234.56", ","),
        ("12,34,567.00", "."),
        ("1'2", "."),
        ("+-5", "."),
        ("(5.00)", "."),
        ("5.00-", "."),
        ("1e30", "."),
        ("NaN", "."),
        ("\N{FULLWIDTH DIGIT FIVE}", "."),
    ],
)
def test_an_amount_that_could_be_another_one_is_refused(text: str, decimal: str) -> None:
    assert amount_of(text, decimal) == f"{text!r} is not an amount of USD."


def test_headings_that_stand_there_twice_are_refused() -> None:
    [problem] = parse("csv", "D,A,A\n2026-01-01,1.00,2.00\n", columns=COLUMNS)
    assert problem == Problem(1, "The headings have A twice.")
    assert amount_of("1.00") == 100
    [line] = parse("csv", "D,A,X,X\n2026-01-01,1.00,2,3\n", columns=COLUMNS)
    assert line.amount_minor == 100


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "hex"},
        {"encoding": "undefined"},
        {"encoding": 5},
        {"date_format": 5},
        {"delimiter": 5},
        {"delimiter": '"'},
        {"delimiter": "\n"},
        {"negative_types": 5},
        {"skipped_types": "REFUND"},
        {"skipped_types": [5]},
        {"decimal": ["."]},
        {"amount_is": {}},
    ],
)
def test_options_that_no_file_could_be_read_by_are_refused(options: dict[str, Any]) -> None:
    assert FORMATS["csv"].check({"columns": COLUMNS, **options})


def test_a_file_that_is_not_in_its_encoding_is_a_problem() -> None:
    [problem] = parse("csv", "D,A\n2026-01-01,1.00\n", columns=COLUMNS, encoding="utf-16")
    assert "cannot be read further" in problem.reason


def test_a_statement_of_camt_says_of_which_account_it_is() -> None:
    text = CAMT.format(entries=entry("1.00", "CRDT", detail("R")))
    head, _, rest = text.partition("<Acct>")
    unnamed = head + rest.partition("</Acct>")[2]
    found = parse("camt.053", unnamed, currency="EUR", iban="DE02120300000000202051")

    assert found[-1] == Problem(0, "The statement does not say of which account it is.")
    spaced = text.replace("DE02120300000000202051", "DE02 1203 0000 0000 2020 51")
    parsed = parse("camt.053", spaced, currency="EUR", iban="DE02120300000000202051")
    assert not [one for one in parsed if isinstance(one, Problem)]


def test_an_amount_of_camt_below_zero_is_refused() -> None:
    text = CAMT.format(entries=entry("-1.00", "DBIT", detail("R")))
    found = parse("camt.053", text, currency="EUR")

    assert [p.reason for p in found if isinstance(p, Problem)] == ["'-1.00' is below zero."]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["2026-01-10,90000000000000000.00,,S1,"], "larger than any account holds"),
        (["2026-01-10,-1.00,90000000000000000.00,S1,"], "larger than any account holds"),
        ([f"2026-01-10,99999999999999.99,,S{n}," for n in range(923)], "add up to more than"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    now: datetime, rows: list[str], why: str
) -> None:
    statement = a_received(
        a_source(), now=now, file=a_file(*rows), start=date(2026, 1, 1), end=date(2026, 1, 31)
    )

    assert reconciliation.load_statement(statement_id=statement.pk, now=now)

    statement.refresh_from_db()
    assert statement.state == "REFUSED"
    assert why in statement.problems[0]["reason"]
    assert not StatementLine.objects.exists()
