"""Six gateways with pages: proved, forged, altered and of any form."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import (
    Delivery,
    NotAuthentic,
    Notice,
    Order,
    Told,
    Unreadable,
)
from tests.adapters.pages import ACCOUNT, BY_GET, NOW, SALES, SIGN, TOKEN, delivery, signed

NAMES = sorted(SALES)
REFUSALS = (NotAuthentic, Unreadable)
#: Names whose values a payer would like to change.
DEAR = {
    "ccbill": ["subscriptionInitialPrice", "subscriptionCurrencyCode"],
    "segpay": ["price", "currencycode", "ref1"],
    "epoch": ["trans_amount", "trans_currency", "x_order", "ans"],
    "vendo": ["amount", "currency", "merchant_reference", "type", "merchant_id"],
    "verotel": ["priceAmount", "priceCurrency", "referenceID", "shopID", "saleID"],
    "netbilling": ["Ecom_Cost_Total", "order", "Ecom_Ezic_Response_StatusCode"],
}
OTHER = {"25.50": "26.50", "USD": "EUR", "840": "978", TOKEN: "0" * 36}


def read(name: str, sent: Delivery) -> list[Notice]:
    return list(gateway_for(name).read_webhook(sent, ACCOUNT))


@pytest.mark.parametrize("name", NAMES)
def test_a_true_message_says_that_its_order_is_paid(name):
    [notice] = read(name, delivery(name, signed(name)))
    assert (notice.told, notice.token) == (Told.PAID, TOKEN)
    assert notice.amount == Money(2550, "USD")
    assert notice.account.number == "900000"
    assert notice.reference
    assert notice.dedupe_key
    assert notice.occurred_at in {NOW, None}


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_proves_nothing(name):
    with pytest.raises(NotAuthentic):
        read(name, delivery(name, signed(name, secret="another")))


@pytest.mark.parametrize(("name", "dear"), [(n, d) for n in NAMES for d in DEAR[n]])
def test_an_altered_price_order_or_state_is_refused(name, dear):
    fields = signed(name)
    fields[dear] = OTHER.get(fields[dear], "0")
    with pytest.raises(NotAuthentic):
        read(name, delivery(name, fields))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ccbill", "segpay", "netbilling"}))
def test_one_parameter_more_is_refused_where_all_are_signed(name):
    with pytest.raises(NotAuthentic):
        read(name, delivery(name, {**signed(name), "new": "1"}))


@pytest.mark.parametrize("name", NAMES)
def test_a_message_without_its_proof_is_refused(name):
    fields = signed(name)
    for added in fields.keys() - SALES[name].keys():
        del fields[added]
    with pytest.raises(NotAuthentic):
        read(name, delivery(name, fields))


@pytest.mark.parametrize("name", ["ccbill", "segpay"])
def test_the_unsigned_ones_are_taken_from_their_networks_only(name):
    for address in ("198.51.100.7", "", "nonsense"):
        with pytest.raises(NotAuthentic):
            read(name, delivery(name, signed(name), remote_ip=address))


@pytest.mark.parametrize("name", sorted(set(NAMES) - BY_GET))
def test_a_name_that_stands_twice_is_not_read(name):
    sent = delivery(name, signed(name))
    with pytest.raises(Unreadable):
        read(name, replace(sent, body=sent.body + b"&" + sent.body.split(b"&")[0]))


@pytest.mark.parametrize("name", NAMES)
@given(body=st.binary(max_size=300), query=st.dictionaries(st.text(), st.text(), max_size=4))
def test_any_bytes_are_refused_or_not_understood(name, body, query):
    sent = Delivery(query, {"Authorization": "Basic c2VncGF5OnBhc3N3b3Jk"}, body, "127.0.0.1")
    with pytest.raises(REFUSALS):
        read(name, replace(sent, received_at=NOW))


@pytest.mark.parametrize("name", NAMES)
@given(
    changed=st.dictionaries(
        st.sampled_from(sorted({n for fields in SALES.values() for n in fields})),
        st.text(max_size=60)
        | st.sampled_from(["", "0", "-1", "1e5", "NaN", "9" * 40, "credit", "void", "no", "C"]),
        max_size=5,
    )
)
def test_a_signed_message_of_any_content_is_read_or_refused(name, changed):
    try:
        notices = read(name, delivery(name, SIGN[name]({**SALES[name], **changed}, "a-secret")))
    except REFUSALS:
        return
    for notice in notices:
        assert notice.dedupe_key
        assert len(notice.dedupe_key) <= 120
        assert len(notice.event_type) <= 40
        assert notice.told is not Told.PAID or notice.amount is not None


@pytest.mark.parametrize("name", ["ccbill", "epoch", "verotel", "netbilling", "vendo"])
def test_the_page_asks_for_the_exact_price_and_carries_the_order(name):
    order = Order(TOKEN, Money.of("25.5", "USD"), ACCOUNT, success_url="https://fanz.example/ok/")
    url = gateway_for(name).open_checkout(order).url
    sent = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    assert "25.50" in sent.values()
    assert TOKEN in sent.values()
    assert "a-secret" not in url
