"""The NACHA file: public samples, sums and widths for any entries, and what is refused."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from apps.finance.debits import errors
from apps.finance.debits.adapters.nacha_in import read_nacha
from apps.finance.debits.choices import ItemKind
from apps.finance.debits.rules import nacha
from tests.finance.debits import given

VECTORS = Path(__file__).with_name("vectors")
ORIGIN = nacha.Origin(
    destination="231380104",
    destination_name="Federal Reserve Bank",
    origin="0121042882",
    origin_name="My Bank Name",
    company="Name on Account",
    company_id="121042882",
    odfi="12104288",
)


def entry(**changes):
    return nacha.Entry(
        **{
            "code": nacha.CHECKING, "routing": "231380104", "account": "12345678",
            "cents": 1_000_000_00, "individual_id": "", "name": "Receiver Account Name",
            "trace": 1, **changes,
        }
    )  # fmt: skip


def write(entries, **changes):
    return nacha.write(
        ORIGIN,
        [nacha.Batch(entries, "REG.SALARY", "PPD")],
        **{
            "made_at": datetime(2019, 6, 24, tzinfo=UTC), "modifier": "A",
            "effective_on": date(2019, 6, 25), **changes,
        },
    )  # fmt: skip


def test_the_public_sample_is_written_byte_for_byte():
    sample = (VECTORS / "nacha-ppd-debit.ach").read_text().split("\n")
    ours = write([entry()]).decode().split("\n")
    assert ours[:10] == [f"{line:94}" for line in sample]


def test_the_public_correction_is_read():
    with (VECTORS / "nacha-noc-cor.ach").open("rb") as file:
        news = list(read_nacha(file))
    assert [(one.kind, one.code, one.reference, one.data) for one in news] == [
        (ItemKind.CORRECTION, "C01", "121042880000001", "1918171614")
    ]


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 99_999_999),
        st.integers(1, 99_999_999),
        st.text(max_size=40),
        st.sampled_from([nacha.CHECKING, nacha.SAVINGS]),
    ),
    min_size=1,
    max_size=60,
)


@for_all(rows=ENTRIES, first=st.integers(1, 9_000_000))
def test_any_file_is_94_wide_in_whole_blocks_and_its_sums_are_its_entries(rows, first):
    entries = [
        entry(routing=f"{number:08d}0", cents=cents, name=name, code=code, trace=first + n)
        for n, (number, cents, name, code) in enumerate(rows)
    ]
    body = write(entries)
    lines = body.decode("ascii").split("\n")
    assert lines.pop() == ""
    assert {len(line) for line in lines} == {94}
    assert len(lines) % 10 == 0
    written = [line for line in lines if line[0] == "6"]
    control = next(line for line in lines if line[0] == "9")
    assert int(control[7:13]) * 10 == len(lines)
    assert int(control[13:21]) == len(written) == len(rows)
    assert int(control[21:31]) == sum(int(line[3:11]) for line in written) % 10**10
    assert int(control[31:43]) == sum(int(line[29:39]) for line in written)
    assert int(control[31:43]) == sum(cents for _, cents, _, _ in rows)
    batch = next(line for line in lines if line[0] == "8")
    assert (batch[4:10], batch[10:20], batch[20:32]) == (
        control[15:21], control[21:31], control[31:43],
    )  # fmt: skip
    assert set(lines[lines.index(control) + 1 :]) <= {"9" * 94}
    assert list(read_nacha(io.BytesIO(body))) == []


def test_the_hash_keeps_its_last_ten_digits():
    entries = [entry(routing="999999990", cents=1, trace=n) for n in range(1, 102)]
    assert nacha.totals_of(entries).entry_hash == 101 * 99_999_999 % 10**10
    assert nacha.totals_of(entries).entry_hash == 99_999_899


@pytest.mark.parametrize(
    "changes",
    [
        {"cents": 0}, {"cents": 10**10}, {"routing": "23138010"}, {"account": "1" * 18},
        {"account": ""}, {"trace": 0}, {"trace": 10**7},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_never_cut_off(changes):
    with pytest.raises(errors.AccountInvalid):
        write([entry(**changes)])


def test_traces_only_rise():
    with pytest.raises(errors.AccountInvalid):
        write([entry(trace=2), entry(trace=2)])


def test_a_day_has_36_files():
    assert [nacha.modifier_of(0), nacha.modifier_of(25), nacha.modifier_of(26)] == ["A", "Z", "0"]
    with pytest.raises(errors.WrongState):
        nacha.modifier_of(36)


class TestReading:
    def test_a_return_tells_code_trace_and_cents(self):
        body = given.ach_file("99", "R01", "121042880000001", cents=1234)
        [one] = read_nacha(io.BytesIO(body))
        assert (one.kind, one.code, one.reference) == (
            ItemKind.RETURN, "R01", "121042880000001",
        )  # fmt: skip
        assert (one.amount_minor, one.currency) == (1234, "USD")

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda body: body[: body.rindex(b"9000001")],
            lambda body: body.replace(b"0000001234", b"0000001235", 1),
            lambda body: b"hello",
            lambda body: b"",
            lambda body: b"<Document/>",
            lambda body: body.replace(b"101 ", b"101 " + b"x" * 100),
            lambda body: body.replace(b"Ada", "Adä".encode()),
        ],
    )
    def test_what_is_cut_off_altered_or_something_else_is_refused(self, spoil):
        body = spoil(given.ach_file("99", "R01", "121042880000001", cents=1234))
        with pytest.raises(errors.WrongFile):
            list(read_nacha(io.BytesIO(body)))
