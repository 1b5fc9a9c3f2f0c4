"""Calendars, references and codes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.finance.debits import errors
from apps.finance.debits.choices import Scheme
from apps.finance.debits.rules import calendars, codes, references

ACH, SEPA = Scheme.ACH, Scheme.SEPA


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)),
     (2027, date(2027, 3, 28)), (2038, date(2038, 4, 25))],
)  # fmt: skip
def test_easter(year, sunday):
    assert calendars.easter(year) == sunday


def closed(year, scheme):
    first = date(year, 1, 1).toordinal()
    days = [date.fromordinal(first + n) for n in range(365)]
    return [d for d in days if d.weekday() < 5 and not calendars.is_open(d, scheme)]


def test_the_fed_keeps_its_holidays_of_2026():
    # 4 July 2026 is a Saturday: not kept.
    assert closed(2026, ACH) == [
        date(2026, 1, 1), date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25),
        date(2026, 6, 19), date(2026, 9, 7), date(2026, 10, 12), date(2026, 11, 11),
        date(2026, 11, 26), date(2026, 12, 25),
    ]  # fmt: skip


def test_a_holiday_on_a_sunday_is_kept_on_monday():
    assert not calendars.is_open(date(2027, 7, 5), ACH)


def test_target_is_closed_at_easter_and_on_the_first_of_may():
    assert closed(2026, SEPA) == [
        date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25)
    ]  # fmt: skip


def test_open_days_are_counted_over_weekends_and_holidays():
    # Friday 16 January, then Martin Luther King's day on Monday.
    assert calendars.days_later(date(2026, 1, 16), 1, ACH) == date(2026, 1, 20)
    assert calendars.days_later(date(2026, 1, 16), 1, SEPA) == date(2026, 1, 19)


def test_the_last_cut_off_is_of_an_open_day_in_the_banks_own_time():
    before = calendars.last_cut_off(datetime(2026, 1, 15, 21, 29, tzinfo=UTC), time(16, 30), ACH)
    after = calendars.last_cut_off(datetime(2026, 1, 15, 21, 30, tzinfo=UTC), time(16, 30), ACH)
    holiday = calendars.last_cut_off(datetime(2026, 1, 19, 23, 0, tzinfo=UTC), time(16, 30), ACH)
    assert [at.astimezone(UTC) for at in (before, after, holiday)] == [
        datetime(2026, 1, 14, 21, 30, tzinfo=UTC),
        datetime(2026, 1, 15, 21, 30, tzinfo=UTC),
        datetime(2026, 1, 16, 21, 30, tzinfo=UTC),
    ]


def test_the_reference_of_the_standards_example():
    assert references.creditor_reference("539007547034") == "RF18539007547034"
    assert references.is_creditor_reference("RF18539007547034")


@for_all(number=st.uuids())
def test_a_reference_is_found_in_what_the_payer_wrote_and_no_slip_of_one_sign_is(number):
    reference = references.reference_for(number)
    spaced = " ".join(reference[i : i + 4] for i in range(0, len(reference), 4))
    assert references.references_in(f"deposit {spaced.lower()} thanks") == [reference]
    # Of a letter and a digit, two numbers of other lengths, mod 97 may say the same.
    one, other = ("1", "2") if reference[-1].isdigit() else ("A", "B")
    slipped = reference[:-1] + (one if reference[-1] != one else other)
    assert references.references_in(slipped) == []


def test_the_same_payment_has_the_same_reference():
    assert references.reference_for(UUID(int=5)) == references.reference_for(UUID(int=5))


@pytest.mark.parametrize("routing", ["231380105", "12345678", "", "23138010a"])
def test_a_routing_number_has_a_check_digit(routing):
    assert references.clean_routing(" 231380104 ") == "231380104"
    with pytest.raises(errors.AccountInvalid):
        references.clean_routing(routing)


@pytest.mark.parametrize("iban", ["NL91ABNA0417164301", "", "XX00", "NL91 ABNA 0417"])
def test_an_iban_has_check_digits(iban):
    assert references.clean_iban("nl91 abna 0417 1643 00") == "NL91ABNA0417164300"
    with pytest.raises(errors.AccountInvalid):
        references.clean_iban(iban)


@pytest.mark.parametrize(
    ("code", "data", "changed"),
    [
        ("C01", "1918171614", {"account": "1918171614"}),
        ("C02", "121042882", {"routing": "121042882"}),
        ("C03", "121042882   998877", {"routing": "121042882", "account": "998877"}),
        ("C05", "37", {"code": "37"}),
        ("C06", f"{'998877':20}37", {"account": "998877", "code": "37"}),
        ("C07", f"121042882{'998877':17}37", {
            "routing": "121042882", "account": "998877", "code": "37",
        }),
        ("C04", "NEW NAME", {}),
        ("C03", "121042882", {}),
    ],
)  # fmt: skip
def test_a_notification_of_change_says_what_it_corrects(code, data, changed):
    assert codes.corrections_of(code, data) == changed


def test_every_blocking_code_is_a_known_return():
    assert codes.RETURNS.keys() >= codes.BLOCKS
