"""The strict readers: one meaning, or none."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.adapters.strict import (
    MOST_BYTES,
    Number,
    check_text,
    money,
    part,
    read_form,
    read_json,
    read_xml,
    texts,
)


def test_numbers_keep_the_text_they_were_sent_as():
    read = read_json(b'{"a": 1.10, "b": 1e2, "c": 100, "d": "100", "e": [true, null]}')
    assert read == {"a": "1.10", "b": "1e2", "c": "100", "d": "100", "e": [True, None]}
    assert [type(read[name]) for name in "abcd"] == [Number, Number, Number, str]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b'"a"',
        b'{"a": 1, "a": 1}',
        b'{"x": {"a": 1, "a": 2}}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\u0000": 1}',
        b'{"a": ["\\u0000"]}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a":' + b"[" * 400_000,
        b'{"a": "' + b"a" * MOST_BYTES + b'"}',
    ],
)
def test_json_with_two_meanings_or_none_is_refused(body):
    with pytest.raises(Unreadable):
        read_json(body)


def test_ten_megabytes_are_refused_without_being_read():
    body = b'{"a": "' + b"a" * 10_000_000 + b'"}'
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            read_json(body)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body", [b"a=1&a=2", b"a", b"a=%ff", b"a=%00", b"&".join([b"a=1"] * 2000)]
)
def test_a_form_with_two_meanings_or_none_is_refused(body):
    with pytest.raises(Unreadable):
        read_form(body)


def test_a_form_keeps_what_is_empty():
    assert read_form("a=&b=%C5%A1+x") == {"a": "", "b": "\u0161 x"}


@pytest.mark.parametrize(
    "body",
    [
        b"no xml",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://a.example/x.dtd"><x/>',
        b"<x>" * 100 + b"</x>" * 100,
        b'<?xml version="1.0" encoding="no-such"?><x/>',
    ],
)
def test_dangerous_or_broken_xml_is_refused(body):
    with pytest.raises(Unreadable):
        read_xml(body)


def test_white_space_before_xml_is_forgiven():
    assert read_xml(b' \n<?xml version="1.0"?><x><y>1</y></x>').findtext("y") == "1"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(body):
    for read in (read_json, read_form, read_xml):
        try:
            read(body)
        except Unreadable:
            continue


def test_half_a_character_is_no_text():
    check_text({"a": "\u0161"})
    for fields in ({"a": "\ud800"}, {"\0": "a"}):
        with pytest.raises(Unreadable):
            check_text(fields)


def test_parts_and_texts_of_an_object():
    read = read_json(
        b'{"a": {"b": {"c": 1.0, "d": true, "e": [1], "f": null}}, "g": [1], "h": null}'
    )
    assert texts(part(read, "a", "b")) == {"c": "1.0", "d": "true"}
    assert part(read, "h", "i") == {}
    with pytest.raises(Unreadable):
        part(read, "g")


def test_money_is_read_from_plain_digits_only():
    assert money(Number("25.00"), "usd") == Money(2500, "USD")
    for amount, currency in (("1e2", "USD"), ("2.505", "USD"), ("1", "XXX"), (None, "USD")):
        with pytest.raises(Unreadable):
            money(amount, currency)
