"""Epoch's digest, FlexPost, DataPlus and cancels."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import NotAuthentic, Told, Unreadable
from apps.finance.payments.adapters.epoch import digest
from tests.adapters.pages import ACCOUNT, CONFIG, TOKEN, delivery, signed

EPOCH = gateway_for("epoch")
VECTOR = json.loads((Path(__file__).parents[1] / "vectors.json").read_text())["epoch-camcharge-1"]


def data_plus(kind, **changed):
    fields = {
        "ets_transaction_id": "91", "ets_member_idx": "71", "ets_transaction_type": kind,
        "ets_transaction_date": "2026-07-15 04:00:00", "ets_co_code": "900000",
        "ets_transaction_amount": "-5.00", "ets_reseller_code": "a", "ets_ref_trans_ids": "81",
    }  # fmt: skip
    [notice] = EPOCH.read_webhook(delivery("epoch", {**fields, **changed}), ACCOUNT)
    return notice


def test_the_digest_equals_the_published_vector():
    fields = {name: str(value) for name, value in VECTOR["input"].items()}
    assert digest(fields, secret=VECTOR["secret"]) == VECTOR["expected"]
    assert digest({**fields, "epoch_digest": "x"}, secret=VECTOR["secret"]) == VECTOR["expected"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("U", Told.RENEWED),
        ("N", Told.RENEWED),
        ("J", Told.RENEWAL_FAILED),
        ("K", Told.RENEWAL_ENDED),
        ("C", Told.REFUNDED),
        ("D", Told.CHARGEBACK),
        ("X", Told.CHARGEBACK),
        ("F", Told.NOTHING),
        ("?", Told.NEEDS_STAFF),
    ],
)
def test_each_type_of_data_plus_is_told(kind, told):
    notice = data_plus(kind)
    assert (notice.told, notice.reference, notice.gateway_transaction) == (told, "81", "91")
    assert notice.amount == Money(500, "USD")
    assert notice.occurred_at == datetime(2026, 7, 15, 11, tzinfo=UTC)


def test_data_plus_of_a_sale_pays_only_the_order_it_names():
    assert data_plus("O").told is Told.NOTHING
    named = data_plus("O", ets_x_order=TOKEN)
    assert (named.told, named.token, named.reference) == (Told.PAID, TOKEN, "91")


def test_data_plus_and_cancels_are_taken_from_known_networks_only():
    for fields in ({"ets_transaction_id": "1"}, {"mcs_or_idx": "1"}):
        with pytest.raises(NotAuthentic):
            EPOCH.read_webhook(delivery("epoch", fields, remote_ip="198.51.100.1"), ACCOUNT)


def test_a_sale_cannot_go_round_its_digest_by_a_field_of_data_plus():
    fields = {**signed("epoch"), "epoch_digest": "0" * 32, "ets_transaction_id": ""}
    with pytest.raises(NotAuthentic):
        EPOCH.read_webhook(delivery("epoch", fields, remote_ip="198.51.100.1"), ACCOUNT)


def test_a_cancel_ends_the_renewals_of_a_member():
    fields = {"mcs_or_idx": "71", "mcs_canceldate": "2026-01-15", "mcs_cocode": "900000"}
    [notice] = EPOCH.read_webhook(delivery("epoch", fields), ACCOUNT)
    assert (notice.told, notice.gateway_transaction) == (Told.RENEWAL_ENDED, "71")


@pytest.mark.parametrize("answer", ["YGOODTEST", "YQATEST|1", "YQATEST"])
def test_a_test_card_pays_nobody_unless_tests_are_taken(answer):
    [notice] = EPOCH.read_webhook(delivery("epoch", signed("epoch", ans=answer)), ACCOUNT)
    assert notice.told is Told.NEEDS_STAFF
    testing = replace(ACCOUNT, config={**CONFIG, "take_test_sales": "yes"})
    [notice] = EPOCH.read_webhook(delivery("epoch", signed("epoch", ans=answer)), testing)
    assert notice.told is Told.PAID


def test_a_refusal_says_its_code():
    [notice] = EPOCH.read_webhook(delivery("epoch", signed("epoch", ans="NDECLINED")), ACCOUNT)
    assert (notice.told, notice.code) == (Told.DECLINED, "NDECLINED")


def test_the_return_is_proved_by_the_same_digest():
    returned = EPOCH.parse_return(signed("epoch"), ACCOUNT)
    assert (returned.token, returned.approved, returned.proved) == (TOKEN, True, True)
    with pytest.raises(NotAuthentic):
        EPOCH.parse_return({**signed("epoch", ans="NDECLINED"), "ans": "Y1"}, ACCOUNT)
    with pytest.raises(Unreadable):
        EPOCH.parse_return({"ans": "Y1"}, ACCOUNT)
