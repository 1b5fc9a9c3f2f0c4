"""NetBilling's hash and proof, its form, postbacks and commands."""

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import (
    Delivery,
    NotAuthentic,
    Order,
    Told,
    Unreadable,
)
from apps.finance.payments.adapters.netbilling import HASH_FIELDS, hash_value, proof_of_purchase
from tests.adapters.pages import ACCOUNT, SALES, SECRET, TOKEN, delivery, md5, signed

NETBILLING = gateway_for("netbilling")
VECTORS = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())
STATUS = "Ecom_Ezic_Response_StatusCode"


def read(**changed):
    [notice] = NETBILLING.read_webhook(
        delivery("netbilling", signed("netbilling", **changed)), ACCOUNT
    )
    return notice


def test_hash_and_proof_equal_the_computed_vector():
    vector = VECTORS["netbilling-hash"]
    values = [vector["input"][name] for name in vector["hash_fields"]]
    assert hash_value(values, integrity_key=vector["secret"]) == vector["expected"]["request"]
    proof = proof_of_purchase(
        values,
        transaction_id=vector["input"]["Ecom_Ezic_Response_TransactionID"],
        status_code=vector["input"][STATUS],
        integrity_key=vector["secret"],
    )
    assert proof == vector["expected"]["proof_of_purchase"]


def test_the_form_binds_account_price_and_order():
    url = NETBILLING.open_checkout(Order(TOKEN, Money.of("5.5", "USD"), ACCOUNT)).url
    sent = dict(parse_qsl(urlsplit(url).query))
    assert sent[HASH_FIELDS] == "Ecom_Ezic_AccountAndSitetag Ecom_Cost_Total order"
    digest = md5(f"{SECRET}900000:00025.50{TOKEN}")
    assert sent["Ecom_Ezic_Security_HashValue_MD5"] == digest


def test_a_proof_that_binds_less_is_refused_though_it_is_right():
    fields = signed("netbilling", **{HASH_FIELDS: "Ecom_Ezic_AccountAndSitetag"})
    with pytest.raises(NotAuthentic, match="bound"):
        NETBILLING.read_webhook(delivery("netbilling", fields), ACCOUNT)


@pytest.mark.parametrize(
    ("status", "told", "again"),
    [
        ("1", Told.PAID, Told.RENEWED),
        ("0", Told.DECLINED, Told.RENEWAL_FAILED),
        ("D", Told.DECLINED, Told.RENEWAL_FAILED),
        ("I", Told.PENDING, Told.PENDING),
        ("F", Told.NEEDS_STAFF, Told.NEEDS_STAFF),
        ("?", Told.NEEDS_STAFF, Told.NEEDS_STAFF),
    ],
)
def test_each_status_is_told(status, told, again):
    assert read(**{STATUS: status}).told is told
    assert read(**{STATUS: status, "Ecom_Ezic_Response_Type": "rebill"}).told is again


def test_a_stored_card_is_the_number_of_its_sale():
    notice = read()
    assert (notice.means.token, notice.account.subaccount) == ("CS:81", "0002")


def test_the_return_is_proved_by_the_same_proof():
    returned = NETBILLING.parse_return(signed("netbilling"), ACCOUNT)
    assert (returned.approved, returned.reference, returned.proved) == (True, "81", True)
    with pytest.raises(NotAuthentic):
        NETBILLING.parse_return({**signed("netbilling", **{STATUS: "0"}), STATUS: "1"}, ACCOUNT)
    with pytest.raises(Unreadable):
        NETBILLING.parse_return(SALES["vendo"], ACCOUNT)


def test_member_commands_need_the_keyword_and_do_nothing():
    body = b"cmd=append_users&keyword=%s&u=ann&u=bob&p=x&p=y"
    sent = Delivery({}, {}, body % b"keyword", "203.0.113.9")
    assert NETBILLING.read_webhook(sent, ACCOUNT)[0].told is Told.NOTHING
    for wrong in (body % b"another", body % b"keyword&keyword=keyword", b"cmd=test"):
        with pytest.raises(NotAuthentic):
            NETBILLING.read_webhook(Delivery({}, {}, wrong, "203.0.113.9"), ACCOUNT)


def test_the_captured_postback_is_refused_as_its_order_is_not_bound():
    url = VECTORS["netbilling-captured-postback"]["sample"]
    fields = dict(parse_qsl(urlsplit(url).query))
    with pytest.raises(NotAuthentic):
        NETBILLING.read_webhook(Delivery(fields, {}, b"", "1.2.3.4", method="GET"), ACCOUNT)
