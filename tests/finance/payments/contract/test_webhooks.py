"""Only what the gateway said is believed: nothing altered, forged, re-encoded or stale."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.finance.payments.adapters.base import Delivery, NotAuthentic, Notice, Told, Unreadable
from tests.finance.payments.contract.rig import GATEWAY_NAMES, Rig
from tests.sandbox.control import Sandbox

#: What is signed is the body's very bytes.
SIGNS_BYTES = frozenset({"nmi", "btcpay", "rapyd", "commercegate"})
#: The signature holds a time.
TIMED = frozenset({"rapyd"})
STALE = timedelta(seconds=301)
FOREIGN = "203.0.113.99"


def paid(rig: Rig) -> Delivery:
    """The delivery that tells of a payment."""
    rig.pay(rig.order())
    return rig.telling(Told.PAID, rig.deliveries())


def refuses(rig: Rig, delivery: Delivery) -> None:
    with pytest.raises(NotAuthentic):
        rig.gateway.read_webhook(delivery, rig.account)


def with_another_amount(delivery: Delivery) -> Delivery:
    body = delivery.body.replace(b"25", b"95")
    query = {name: value.replace("25.00", "95.00") for name, value in delivery.query.items()}
    raw = delivery.raw_query.replace("25.00", "95.00")
    altered = replace(delivery, body=body, query=query, raw_query=raw)
    assert altered != delivery
    return altered


def test_an_altered_amount_is_refused(rig: Rig) -> None:
    delivery = paid(rig)

    if rig.can.signed_webhooks or rig.name == "ccbill":
        refuses(rig, with_another_amount(delivery))
    else:
        # Nothing is signed: what speaks for it is where it comes from, and what we asked for.
        try:
            said = rig.gateway.read_webhook(with_another_amount(delivery), rig.account)
        except NotAuthentic:
            return
        assert [each.amount for each in said if each.told is Told.PAID] != []


def test_another_brands_secrets_do_not_prove_it(rig: Rig) -> None:
    delivery = paid(rig)

    with pytest.raises(NotAuthentic):
        rig.gateway.read_webhook(delivery, rig.others)


def test_a_missing_or_empty_signature_is_refused(rig: Rig) -> None:
    delivery = paid(rig)
    names = ("signature", "webhook-signature", "btcpay-sig", "x-nowpayments-sig", "authorization")
    bare = {k: v for k, v in delivery.headers.items() if k.lower() not in names}
    query = {k: v for k, v in delivery.query.items() if k.lower() != "signature"}
    raw = delivery.raw_query.partition("&signature=")[0]
    body = delivery.body
    if b"hmacSignature" in body:
        body = body.replace(b"hmacSignature", b"other")
    if b"epoch_digest" in body:
        body = body.partition(b"&epoch_digest")[0]
    if b"ProofOfPurchase" in body:
        body = body.replace(b"Ecom_Ezic_ProofOfPurchase_MD5", b"Other")
    if b"dynamicPricingValidationDigest" in body:
        body = body.replace(b"dynamicPricingValidationDigest", b"Other")

    stripped = replace(delivery, headers=bare, query=query, raw_query=raw, body=body)

    assert stripped != delivery
    with pytest.raises((NotAuthentic, Unreadable)):
        rig.gateway.read_webhook(stripped, rig.account)


def test_what_is_not_signed_is_taken_from_the_gateways_addresses_only(rig: Rig) -> None:
    delivery = paid(rig)
    from_elsewhere = replace(delivery, remote_ip=FOREIGN)

    if rig.can.signed_webhooks:
        try:
            said = rig.gateway.read_webhook(from_elsewhere, rig.account)
        except NotAuthentic:
            return  # it checks both
        assert said == rig.gateway.read_webhook(delivery, rig.account)
    else:
        refuses(rig, from_elsewhere)


@pytest.mark.parametrize("address", ["", "not an address", "::1", "255.255.255.255"])
def test_an_address_that_is_none_proves_nothing(rig: Rig, address: str) -> None:
    delivery = paid(rig)

    if not rig.can.signed_webhooks:
        refuses(rig, replace(delivery, remote_ip=address))
    else:
        try:
            said = rig.gateway.read_webhook(replace(delivery, remote_ip=address), rig.account)
        except NotAuthentic:
            return
        assert any(each.told is Told.PAID for each in said)


def test_a_re_encoded_body_is_refused_or_says_the_same(rig: Rig) -> None:
    delivery = paid(rig)
    if delivery.method == "GET":
        said = rig.gateway.read_webhook(replace(delivery, body=b""), rig.account)
        assert any(each.told is Told.PAID for each in said)
        return
    text = delivery.body.decode()
    again = json.dumps(json.loads(text), indent=1) if text.startswith("{") else text + "&"
    encoded = replace(delivery, body=again.encode())

    if rig.name in SIGNS_BYTES:
        refuses(rig, encoded)
        return
    try:
        said = rig.gateway.read_webhook(encoded, rig.account)
    except (NotAuthentic, Unreadable):
        return
    assert said == rig.gateway.read_webhook(delivery, rig.account)


def test_a_stale_one_is_refused_where_it_tells_its_time(rig: Rig) -> None:
    delivery = paid(rig)
    late = replace(delivery, received_at=datetime.now(UTC) + STALE)

    if rig.name in TIMED:
        refuses(rig, late)
        refuses(rig, replace(delivery, received_at=datetime.now(UTC) - STALE))
    else:
        # Without a time in it, late news is still news: the key keeps it from counting twice.
        assert told(rig, late) == told(rig, delivery)


def told(rig: Rig, delivery: Delivery) -> list[tuple[str, Told]]:
    said: list[Notice] = list(rig.gateway.read_webhook(delivery, rig.account))
    return [(each.dedupe_key, each.told) for each in said]


NASTY = [
    b"",
    b"\0",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"{}",
    b'{"a": NaN}',
    b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}',
    b"[" * 20_000,
    b'{"a":' * 5_000,
    b"\xff\xfe",
    b"a=%ff&b=%00",
    b"message=" + b"%23" * 40,
]


@pytest.mark.parametrize("body", NASTY)
def test_a_body_that_is_no_message_is_refused_in_our_own_words(rig: Rig, body: bytes) -> None:
    for method in sorted(rig.can.webhook_methods):
        delivery = Delivery(
            query={},
            headers={},
            body=body,
            remote_ip=rig.address,
            method=method,
            url="https://fanz.example/webhooks/x/y/",
            received_at=datetime.now(UTC),
        )
        with pytest.raises((NotAuthentic, Unreadable)):
            rig.gateway.read_webhook(delivery, rig.account)


@pytest.mark.parametrize("name", GATEWAY_NAMES)
def test_random_damage_is_refused_in_our_own_words(name: str, sandbox: Sandbox) -> None:
    rig = Rig(name, sandbox)
    delivery = paid(rig)
    texts = st.text(max_size=20)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        at=st.integers(0, max(len(delivery.body) - 1, 0)),
        bite=st.binary(max_size=6),
        names=st.lists(st.sampled_from([*delivery.query, *delivery.headers, "x"]), max_size=3),
        value=texts,
    )
    def damaged(at: int, bite: bytes, names: list[str], value: str) -> None:
        body = delivery.body[:at] + bite + delivery.body[at + len(bite) :]
        changed = dict.fromkeys(names, value)
        query = {**delivery.query, **{k: v for k, v in changed.items() if k in delivery.query}}
        head = {**delivery.headers, **{k: v for k, v in changed.items() if k in delivery.headers}}
        hurt = replace(delivery, body=body, query=query, headers=head)
        try:
            said = rig.gateway.read_webhook(hurt, rig.account)
        except (NotAuthentic, Unreadable):
            return
        for notice in said:
            assert len(notice.dedupe_key) <= 120
            if rig.can.signed_webhooks and notice.told is Told.PAID:
                assert notice.amount == rig.order().amount

    damaged()
