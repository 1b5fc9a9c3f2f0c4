"""Addresses of coins: the published ones read, a mistyped one never."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.coin_addresses import (
    NotAnAddress,
    eip55,
    keccak256,
    read_bitcoin,
    read_ethereum,
    read_tron,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
SEGWIT = VECTORS["bip350-segwit-addresses"]
CORE = VECTORS["bitcoin-core-key-io"]
TRON = VECTORS["tron-usdt-contract"]
SIGNS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0"


@pytest.mark.parametrize("given_", [*SEGWIT["valid"], *CORE["valid"]], ids=lambda v: v["address"])
def test_a_published_bitcoin_address_locks_as_published(given_):
    assert read_bitcoin(given_["address"]).script == given_["scriptPubKey"]


@pytest.mark.parametrize("given_", SEGWIT["invalid"], ids=lambda v: v["reason"])
def test_a_published_false_address_is_none(given_):
    with pytest.raises(NotAnAddress):
        read_bitcoin(given_["address"])


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "main"),
        ("mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "test"),
        ("bc1qvyq0cc6rahyvsazfdje0twl7ez82ndmuac2lhv", "main"),
        ("TB1QQQQQP399ET2XYGDJ5XREQHJJVCMZHXW4AYWXECJDZEW6HYLGVSESRXH6HY", "test"),
    ],
)
def test_an_address_says_its_chain(text, chain):
    assert read_bitcoin(text).chain == chain


def test_tron_and_bitcoin_are_not_taken_for_one_another():
    assert read_tron(TRON["input"]).payload == TRON["expected"]
    with pytest.raises(NotAnAddress):
        read_bitcoin(TRON["input"])
    with pytest.raises(NotAnAddress):
        read_tron("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo")


@pytest.mark.parametrize("text", VECTORS["eip55-addresses"]["valid"])
def test_a_published_ethereum_address_carries_its_sum(text):
    address = read_ethereum(text)
    assert f"0x{eip55(address.payload)}" == text or not address.checked


def test_one_case_carries_no_sum():
    plain = VECTORS["eip55-usdt-erc20"]["input"].lower()
    assert not read_ethereum(plain).checked
    assert read_ethereum(VECTORS["eip55-usdt-erc20"]["input"]).checked


def test_keccak_equals_the_known_digests():
    assert keccak256(b"").hex() == (
        "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    )
    assert keccak256(b"abc").hex() == (
        "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
    )


@given(st.data())
def test_one_wrong_sign_is_always_found(data):
    text = data.draw(st.sampled_from([SEGWIT["valid"][1]["address"], CORE["valid"][0]["address"]]))
    at = data.draw(st.integers(1, len(text) - 1))
    other = data.draw(st.sampled_from(SIGNS).filter(lambda sign: sign.lower() != text[at].lower()))
    with pytest.raises(NotAnAddress):
        read_bitcoin(text[:at] + other + text[at + 1 :])


@given(st.text(max_size=100))
def test_any_text_is_an_address_or_none(text):
    for read in (read_bitcoin, read_tron, read_ethereum):
        with pytest.raises(NotAnAddress):
            read(text)
