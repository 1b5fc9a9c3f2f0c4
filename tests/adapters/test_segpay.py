"""Segpay's postbacks by their matrix, and our mark on an order."""

import pytest

from apps.core.money import Money
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import NotAuthentic, NotOffered, Sold, Told, Unreadable
from apps.finance.payments.adapters.segpay import order_mark
from apps.finance.payments.adapters.segpay_news import clock
from tests.adapters.pages import ACCOUNT, NOW, SALES, TOKEN, delivery, signed

SEGPAY = gateway_for("segpay")


def read(**changed):
    fields = {name: value for name, value in signed("segpay", **changed).items() if value}
    [notice] = SEGPAY.read_webhook(delivery("segpay", fields), ACCOUNT)
    return notice


MATRIX = [
    ("sale", "auth", "initial", "yes", Told.PAID),
    ("sale", "auth", "initial", "no", Told.DECLINED),
    ("sale", "auth", "conversion", "yes", Told.RENEWED),
    ("sale", "auth", "rebill", "yes", Told.RENEWED),
    ("sale", "auth", "rebill", "no", Told.RENEWAL_FAILED),
    ("sale", "auth", "InstantConversion", "yes", Told.RENEWED),
    ("SALE", "VOID", "INITIAL", "YES", Told.VOIDED),
    ("credit", "auth", "initial", "yes", Told.REFUNDED),
    ("charge", "auth", "initial", "yes", Told.CHARGEBACK),
    ("charge", "auth", "initial", "no", Told.NEEDS_STAFF),
    ("sale", "new", "initial", "yes", Told.NEEDS_STAFF),
    ("new", "auth", "initial", "yes", Told.NEEDS_STAFF),
    ("sale", "auth", "new", "yes", Told.NEEDS_STAFF),
    ("", "probe", "", "", Told.NOTHING),
    ("", "Enable", "", "", Told.NOTHING),
    ("", "Disable", "", "", Told.RENEWAL_ENDED),
    ("", "cancel", "", "", Told.RENEWAL_ENDED),
    ("", "Reactivate", "", "", Told.NEEDS_STAFF),
]


@pytest.mark.parametrize(("trantype", "action", "stage", "approved", "told"), MATRIX)
def test_type_action_stage_and_approval_say_it_together(trantype, action, stage, approved, told):
    notice = read(trantype=trantype, action=action, stage=stage, approved=approved)
    assert notice.told is told
    assert (notice.dispute is not None) is (told is Told.CHARGEBACK)


def test_a_one_click_sale_is_a_sale_though_its_stage_says_rebill():
    notice = read(stage="rebill", oneclick="1", tranid="82")
    assert (notice.told, notice.reference, notice.gateway_transaction) == (Told.PAID, "82", "71")
    with pytest.raises(NotAuthentic):
        read(stage="rebill", oneclick="1", ref1="0" * 36, secret="another")


def test_money_that_goes_back_names_the_sale_it_came_from():
    notice = read(trantype="credit", tranid="99", relatedtranid="81")
    assert (notice.reference, notice.token, notice.amount) == ("81", "", Money(2550, "USD"))
    unrelated = read(trantype="credit", tranid="99", relatedtranid="0")
    assert (unrelated.reference, unrelated.token) == ("99", TOKEN)


def test_an_approval_in_the_banks_stead_can_be_taken_back():
    approved, taken_back = read(standin="1"), read(standin="1", approved="no")
    assert (approved.told, taken_back.told) == (Told.PAID, Told.VOIDED)
    assert approved.dedupe_key != taken_back.dedupe_key


def test_the_password_is_asked_for_where_one_is_set():
    for headers in ({}, {"Authorization": "Basic bm86bm8="}, {"Authorization": "Basic ?"}):
        with pytest.raises(NotAuthentic):
            SEGPAY.read_webhook(delivery("segpay", signed("segpay"), headers=headers), ACCOUNT)


def test_names_are_read_whatever_their_case_but_once():
    fields = signed("segpay")
    capitals = {name.upper(): value for name, value in fields.items()}
    assert SEGPAY.read_webhook(delivery("segpay", capitals), ACCOUNT)[0].told is Told.PAID
    with pytest.raises(Unreadable):
        SEGPAY.read_webhook(delivery("segpay", {**fields, "PRICE": "1.00"}), ACCOUNT)


def test_the_mark_covers_order_price_and_currency():
    mark = {order_mark(token=t, price=p, currency=c, secret="s")
            for t in ("a", "b") for p in ("1.00", "2.00") for c in ("USD", "EUR")}  # fmt: skip
    assert len(mark) == 8
    assert all(len(each) == 32 for each in mark)


def test_times_are_gmt():
    assert clock(SALES["segpay"]["transtime"]) == NOW
    assert clock("yesterday") is None


def test_a_part_is_not_refunded():
    sold = Sold(ACCOUNT, "81", TOKEN, Money(2550, "USD"))
    with pytest.raises(NotOffered):
        SEGPAY.refund(sold, amount=Money(100, "USD"), key="k")
