"""A checkout can be paid, and its news reads as one payment of that order."""

from __future__ import annotations

import pytest

from apps.core.errors import Unavailable
from apps.finance.payments.adapters.base import (
    NotOffered,
    Outcome,
    Sale,
    Sold,
    Told,
)
from tests.finance.payments.contract.rig import DECLINED_CARD, PRICE, Rig, returned


def test_a_checkout_leads_to_a_page_that_can_be_paid_and_the_payer_comes_back(rig: Rig) -> None:
    order = rig.order()

    if not rig.can.hosted_page:
        checkout = rig.gateway.open_checkout(order)
        assert rig.can.fields
        assert checkout.fields
        assert not checkout.url
        return
    back = rig.pay(order)

    params = returned(back)
    came = rig.gateway.parse_return(params, rig.account)
    assert came.token == order.token
    assert came.approved
    assert [sale["amount"] for sale in rig.sales(order.token, "paid")] == ["25.00"]


def test_what_is_shown_to_the_payer_holds_no_secret(rig: Rig) -> None:
    checkout = rig.gateway.open_checkout(rig.order())

    shown = checkout.url + str(checkout.fields)
    # Keys of scripts in a browser are public; an address that a request names proves nothing.
    names = ("tokenization_key", "client_key", "webhook_token")
    public = {rig.config().get(name) for name in names}
    assert [each for each in rig.secrets() if each in shown and each not in public] == []


def test_one_sale_reads_as_one_payment_with_order_price_and_reference(rig: Rig) -> None:
    order = rig.order()
    rig.pay(order)

    paid = rig.news(Told.PAID)

    assert paid.token == order.token
    assert paid.amount == PRICE
    assert paid.reference
    assert 0 < len(paid.dedupe_key) <= 120
    assert paid.account.number in {"", rig.account.number}


def test_the_same_news_twice_has_the_same_key_and_other_news_another(rig: Rig) -> None:
    rig.pay(rig.order())
    first = rig.deliveries()
    rig.pay(rig.order())
    second = rig.deliveries()

    once = [notice.dedupe_key for notice in rig.read(first)]
    again = [notice.dedupe_key for notice in rig.read(first)]
    others = [notice.dedupe_key for notice in rig.read(second)]

    assert once == again
    assert set(once).isdisjoint(others)


def test_a_declined_payer_is_no_payment(rig: Rig) -> None:
    order = rig.order()

    back = rig.pay(order, card=DECLINED_CARD)

    told = {notice.told for notice in rig.notices()}
    assert told <= {Told.DECLINED, Told.CANCELLED, Told.NOTHING, Told.PENDING}
    assert rig.sales(order.token, "paid") == []
    if back is not None:
        came = rig.gateway.parse_return(returned(back), rig.account)
        assert came.token == order.token
        assert not (came.approved and came.proved)


def test_a_declined_one_time_token_is_declined_at_once(rig: Rig) -> None:
    if not rig.can.fields:
        assert rig.gateway.open_checkout(rig.order()).url
        return
    if rig.can.hosted_page:
        assert rig.gateway.open_checkout(rig.order()).url
        return
    answered = rig.gateway.charge(rig.one_time(rig.order(), card=DECLINED_CARD))

    assert answered.outcome is Outcome.DECLINED
    assert answered.code


def test_a_look_up_finds_the_sale_and_proves_what_it_says_it_does(rig: Rig) -> None:
    order = rig.order()
    _, sold = rig.sell(order)

    if not rig.can.look_up:
        with pytest.raises(NotOffered):
            rig.gateway.look_up(sold)
        return
    found = rig.gateway.look_up(rig.asked(sold))

    assert found.sale is Sale.PAID
    if rig.can.look_up_proves:
        assert (found.token, found.amount) == (sold.token, PRICE)
    assert found.amount in {None, PRICE}
    assert found.token in {"", sold.token}


def test_a_look_up_of_what_was_never_sold_finds_nothing(rig: Rig) -> None:
    order = rig.order()
    reference = rig.gateway.open_checkout(order).reference

    if not rig.can.look_up:
        with pytest.raises(NotOffered):
            rig.gateway.look_up(Sold(rig.account, "", order.token, PRICE))
        return
    asked = Sold(rig.account, reference, order.token, PRICE)
    try:
        found = rig.gateway.look_up(asked)
    except Unavailable:
        # It cannot be asked by our name of an order: then it cannot say, which is no answer.
        assert not reference
        return

    assert found.sale in {Sale.NOT_FOUND, Sale.PENDING}
    assert found.refunded is None or not found.refunded.minor


def test_a_return_that_names_no_order_or_a_forged_one_is_not_believed(rig: Rig) -> None:
    order = rig.order()
    if not rig.can.hosted_page:
        assert not rig.gateway.open_checkout(order).url
        return
    params = returned(rig.pay(order))
    came = rig.gateway.parse_return(params, rig.account)

    forged = {name: value.replace(order.token, "another") for name, value in params.items()}
    if came.proved and forged != params and rig.name != "ccbill":
        with pytest.raises(Exception, match=r".+") as refused:
            rig.gateway.parse_return(forged, rig.account)
        assert type(refused.value).__name__ in {"NotAuthentic", "Unreadable"}
    else:
        # Its digest names the sale alone (ccbill), or there is none: then it is a hint.
        assert rig.name == "ccbill" or not came.proved
