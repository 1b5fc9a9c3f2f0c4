"""JSON as JavaScript writes it: numbers, the order of names, texts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.payments.adapters.base import Unreadable
from apps.finance.payments.adapters.javascript import (
    amount_token,
    number_text,
    sorted_deep,
    stringify,
)
from apps.finance.payments.adapters.strict import Number, read_json


@pytest.mark.parametrize(
    ("token", "text"),
    [
        ("100", "100"), ("100.0", "100"), ("0.00385", "0.00385"), ("1.50", "1.5"), ("-0", "0"),
        ("0.0", "0"), ("-1.10", "-1.1"), ("1749522415506", "1749522415506"), ("1e2", "100"),
        ("0.000001", "0.000001"), ("0.0000001", "1e-7"), ("1.5E-7", "1.5e-7"),
        ("100000000000000000000", "100000000000000000000"),
        ("1000000000000000000000", "1e+21"), ("1230000000000000000000", "1.23e+21"),
        ("1152921504606847000", "1152921504606847000"), ("5e-324", "5e-324"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_javascript_does(token, text):
    assert number_text(token) == text


@pytest.mark.parametrize("token", ["1e999", "1e-999", "1" * 41, "1e99999999999999999999"])
def test_a_number_beyond_javascript_is_refused(token):
    with pytest.raises(Unreadable):
        number_text(token)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_keeps_its_value_and_its_shortest_digits(number):
    text = number_text(repr(number))
    assert float(text) == number
    digits = lambda written: written.lstrip("-").partition("e")[0].replace(".", "").strip("0")  # noqa: E731
    assert digits(text) == digits(repr(number))


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**15), max_value=10**15
    )
)
def test_a_number_in_its_form_stays_as_it_is(number):
    once = number_text(str(number))
    assert number_text(once) == once
    assert Decimal(once) == number


def test_names_are_sorted_in_every_depth_and_indexes_come_first():
    read = read_json(
        b'{"b":[{"d":1,"c":2}],"a":{"z":1,"10":2,"9":3,"01":4},"\xf0\x9d\x84\x9e":1,"\xef\xac\x81":2}'
    )
    assert stringify(sorted_deep(read)) == (
        '{"a":{"9":3,"10":2,"01":4,"z":1},"b":[{"c":2,"d":1}],"\U0001d11e":1,"\ufb01":2}'
    )


def test_texts_are_escaped_as_little_as_javascript_does():
    assert stringify({"a": 'é/"\\\n\x01\u2028', "b": None, "c": True, "d": 3}) == (
        '{"a":"é/\\"\\\\\\n\\u0001\u2028","b":null,"c":true,"d":3}'
    )
    with pytest.raises(TypeError):
        stringify({"a": 1.5})


@pytest.mark.parametrize(
    ("amount", "text"),
    [(Money(2500, "USD"), "25"), (Money(2550, "USD"), "25.5"), (Money(1, "BTC"), "1e-8")],
)
def test_amounts_lose_useless_zeros(amount, text):
    token = amount_token(amount)
    assert (token, stringify({"a": token})) == (text, f'{{"a":{text}}}')
    assert isinstance(token, Number)
