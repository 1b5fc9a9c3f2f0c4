"""Whatever a stranger sends is refused or not understood; a true message is read once only."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Delivery, NotAuthentic, Notice, Told, Unreadable
from tests.adapters.signed import (
    ACCOUNT,
    COMPLETED,
    FORGED,
    IPN,
    SALE,
    SETTLED,
    SIGN,
    SOLD,
    TOKEN,
    TRUE,
    adyen_item,
    compact,
)

NAMES = sorted(TRUE)
REFUSALS = (NotAuthentic, Unreadable)
BODIES = {"btcpay": SETTLED, "commercegate": SOLD, "nmi": SALE, "nowpayments": IPN,
          "rapyd": COMPLETED, "adyen": adyen_item()}  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(
    ["", "USD", "usd", "25.50", "-1", "1e5", "NaN", "9" * 30, "SALE", "true", "a" * 300]
)  # fmt: skip
ANY_JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def read(name: str, delivery: Delivery) -> list[Notice]:
    return list(gateway_for(name).read_webhook(delivery, ACCOUNT))


@pytest.mark.parametrize("name", NAMES)
def test_a_true_message_says_that_its_order_is_paid(name):
    [notice] = read(name, TRUE[name]())
    assert (notice.told, notice.token) == (Told.PAID, TOKEN)
    assert notice.amount == Money(2500 if name == "adyen" else 2550, "USD")
    assert notice.reference
    assert notice.dedupe_key


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_proves_nothing(name):
    with pytest.raises(NotAuthentic):
        read(name, FORGED[name]())


@pytest.mark.parametrize("name", NAMES)
def test_a_message_without_its_headers_proves_nothing(name):
    delivery = TRUE[name]()
    if name == "adyen":
        item = adyen_item()
        del item["additionalData"]["hmacSignature"]
        body = compact({"notificationItems": [{"NotificationRequestItem": item}]})
        delivery = replace(delivery, body=body)
    with pytest.raises(REFUSALS):
        read(name, replace(delivery, headers={}))


@pytest.mark.parametrize("name", NAMES)
def test_an_altered_price_order_or_state_is_refused(name):
    delivery = TRUE[name]()
    changes = [(b"25", b"26"), (TOKEN.encode(), b"0" * 36), (b"USD", b"EUR"), (b"usd", b"eur")]
    for old, new in changes:
        if old in delivery.body:
            with pytest.raises(NotAuthentic):
                read(name, replace(delivery, body=delivery.body.replace(old, new, 1)))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"adyen", "nowpayments"}))
def test_the_same_written_otherwise_is_refused_where_bytes_are_signed(name):
    delivery = TRUE[name]()
    written = json.dumps(json.loads(delivery.body), indent=1).encode()
    with pytest.raises(NotAuthentic):
        read(name, replace(delivery, body=written))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_one_changed_byte_changes_nothing_or_is_refused(name, data):
    """Adyen and NOWPayments sign the meaning of some fields, so blanks and the like may differ."""
    delivery = TRUE[name]()
    place = data.draw(st.integers(0, len(delivery.body) - 1))
    byte = data.draw(st.integers(0, 255))
    body = delivery.body[:place] + bytes([byte]) + delivery.body[place + 1 :]
    try:
        [notice] = read(name, replace(delivery, body=body))
    except REFUSALS:
        return
    [true] = read(name, delivery)
    kept = ("told", "token", "reference", "gateway_transaction", "amount", "account", "dedupe_key")
    assert [getattr(notice, each) for each in kept] == [getattr(true, each) for each in kept]


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=200), headers=st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_bytes_are_refused(name, body, headers):
    with pytest.raises(REFUSALS):
        read(name, Delivery({}, headers, body, "127.0.0.1"))


@pytest.mark.parametrize("name", NAMES)
@given(signature=st.text(), data=st.data())
def test_any_text_as_a_signature_is_refused(name, signature, data):
    delivery = TRUE[name]()
    if not delivery.headers:
        return
    header = data.draw(st.sampled_from(sorted(delivery.headers)))
    headers = {**delivery.headers, header: signature}
    if headers[header].strip() == delivery.headers[header]:
        return
    with pytest.raises(REFUSALS):
        read(name, replace(delivery, headers=headers))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_signed_message_of_any_form_is_read_or_not_understood(name, data):
    """A gateway's own mistake, or a form we do not know, must never stop the ones behind it."""
    body = json.loads(json.dumps(BODIES[name]))
    for _ in range(data.draw(st.integers(1, 3))):
        inside = body
        while True:
            key = data.draw(st.sampled_from(sorted(inside)))
            if not isinstance(inside[key], dict) or not inside[key] or data.draw(st.booleans()):
                break
            inside = inside[key]
        inside[key] = data.draw(ANY_JSON)
    try:
        notices = read(name, SIGN[name](compact_or_none(body)))
    except REFUSALS:
        return
    for notice in notices:
        assert 0 < len(notice.dedupe_key) <= 120
        assert len(notice.event_type) <= 40
        assert len(notice.reference) <= 80
        assert len(notice.reason) <= 200
        assert all(isinstance(value, str) for value in notice.facts.values())


def compact_or_none(body: object) -> bytes:
    """Half surrogates cannot be sent at all."""
    try:
        return compact(body)
    except UnicodeEncodeError:
        return b"{}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"nmi"}))
def test_a_return_is_a_hint_and_proves_nothing(name):
    gateway = gateway_for(name)
    returned = gateway.parse_return({"order": TOKEN, "answer": "paid"}, ACCOUNT)
    assert (returned.token, returned.approved, returned.proved) == (TOKEN, True, False)
    assert not gateway.parse_return({"order": TOKEN, "answer": "declined"}, ACCOUNT).approved
    for params in ({}, {"order": TOKEN}, {"order": TOKEN, "answer": "x"}, {"answer": "paid"}):
        with pytest.raises(Unreadable):
            gateway.parse_return(params, ACCOUNT)
