"""Refunds, voids, cancellations, disputes and renewals: done once, told as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from apps.core import http
from apps.core.money import Money
from apps.finance.payments.adapters.base import Answered, Notice, NotOffered, Outcome, Sold, Told
from tests.finance.payments.contract.rig import PRICE, Rig

PART, REST, TOO_MUCH = (Money.of(text, "USD") for text in ("10.00", "15.00", "15.01"))
#: ACTION: the gateway has promised it, and the payer takes it (coins).
DONE = frozenset({Outcome.DONE, Outcome.PENDING, Outcome.ACTION})
#: What each gateway never tells by itself: only its reports or its portal know.
SILENT = {
    "netbilling": {"refund", "void", "chargeback", "cancel"},
    "vendo": {"void"},
}


def keeps_no_secret(rig: Rig, answered: Answered) -> None:
    kept = str(dict(answered.sent)) + str(dict(answered.received))
    assert [each for each in rig.secrets() if each in kept] == []
    assert "4111111111111111" not in kept.replace(" ", "")


def refunded(rig: Rig, sold: Sold) -> Decimal:
    """What the gateway says went back."""
    [sale] = [s for s in rig.sales(sold.token) if s["status"] not in {"declined", "open"}]
    return Decimal(sale["refunded"])


def asked(call: Callable[[], Answered]) -> Outcome:
    """What became of a call; one that was turned away before it did anything is declined too."""
    try:
        return call().outcome
    except http.NotSent:
        return Outcome.DECLINED


def about(notice: Notice, sold: Sold) -> bool:
    """Whether news names the sale, by its reference or its order."""
    named = {notice.reference, notice.gateway_transaction}
    return bool(named & {sold.reference, sold.gateway_transaction} or notice.token == sold.token)


def test_a_whole_refund_gives_everything_back(rig: Rig) -> None:
    _, sold = rig.sell()

    if not rig.can.refund:
        with pytest.raises(NotOffered):
            rig.gateway.refund(sold, amount=PRICE, key="r-1")
        assert refunded(rig, sold) == 0
        return
    answered = rig.gateway.refund(sold, amount=PRICE, key="r-1")

    assert answered.outcome in DONE
    assert refunded(rig, sold) == Decimal("25.00")
    keeps_no_secret(rig, answered)
    if "refund" not in SILENT.get(rig.name, ()) and answered.outcome is not Outcome.ACTION:
        said = rig.news(Told.REFUNDED)
        assert about(said, sold)
        assert said.amount in {PRICE, None}


def test_a_refund_in_parts_never_gives_back_more_than_was_paid(rig: Rig) -> None:
    _, sold = rig.sell()

    if not rig.can.partial_refund:
        with pytest.raises(NotOffered):
            rig.gateway.refund(sold, amount=PART, key="r-1")
        assert refunded(rig, sold) == 0
        return
    first = rig.gateway.refund(sold, amount=PART, key="r-1")
    assert (first.outcome in DONE, refunded(rig, sold)) == (True, Decimal("10.00"))
    too_much = asked(lambda: rig.gateway.refund(sold, amount=TOO_MUCH, key="r-2"))
    assert refunded(rig, sold) == Decimal("10.00")
    second = rig.gateway.refund(sold, amount=REST, key="r-3")

    assert (second.outcome in DONE, refunded(rig, sold)) == (True, Decimal("25.00"))
    said = rig.notices()
    if too_much is not Outcome.DECLINED:
        assert too_much is Outcome.PENDING
        assert [each.told for each in said].count(Told.REFUND_FAILED) == 1
    if "refund" not in SILENT.get(rig.name, ()) and first.outcome is not Outcome.ACTION:
        told = {each.dedupe_key: each.amount for each in said if each.told is Told.REFUNDED}
        assert sorted(str(each) for each in told.values()) == ["10.00 USD", "15.00 USD"]


def test_a_void_takes_the_sale_back_once(rig: Rig) -> None:
    _, sold = rig.sell()

    if not rig.can.void:
        with pytest.raises(NotOffered):
            rig.gateway.void(sold, key="v-1")
        assert refunded(rig, sold) == 0
        return
    first = rig.gateway.void(sold, key="v-1")
    second = rig.gateway.void(sold, key="v-2")

    assert first.outcome in DONE
    assert second.outcome in {*DONE, Outcome.DECLINED}
    assert [sale["status"] for sale in rig.sales(sold.token)] == ["voided"]
    keeps_no_secret(rig, first)
    if "void" not in SILENT.get(rig.name, ()):
        assert {each.told for each in rig.notices()} & {Told.VOIDED, Told.REFUNDED}


def test_renewals_end_and_ending_them_twice_counts_as_done(rig: Rig) -> None:
    paid, sold = rig.sell(renewing=rig.can.cancel_renewals)

    if not rig.can.cancel_renewals:
        with pytest.raises(NotOffered):
            rig.gateway.cancel_renewals(sold, key="c-1")
        return
    first = rig.gateway.cancel_renewals(sold, key="c-1")
    second = rig.gateway.cancel_renewals(sold, key="c-2")

    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.DONE)
    assert all(sale["cancelled_at"] for sale in rig.sales(sold.token, "paid"))
    keeps_no_secret(rig, first)
    if "cancel" not in SILENT.get(rig.name, ()):
        assert paid.reference
        assert {each.told for each in rig.notices()} <= {Told.RENEWAL_ENDED, Told.NOTHING}


def test_a_renewal_is_news_of_its_own_about_the_same_order(rig: Rig) -> None:
    paid, sold = rig.sell(renewing=rig.renews)

    if not rig.renews:
        refused = rig.sandbox.request(
            "POST", f"/_control/peers/{rig.name}/renew", f'{{"order": "{sold.token}"}}'
        )
        assert refused.status == 422
        return
    rig.sandbox.act(rig.name, "renew", order=sold.token)
    first = rig.news(Told.RENEWED)
    rig.sandbox.act(rig.name, "renew", reference=sold.reference)
    second = rig.news(Told.RENEWED)

    assert first.amount == second.amount == PRICE
    keys = {paid.dedupe_key, first.dedupe_key, second.dedupe_key}
    assert len(keys) == 3
    assert about(first, sold)
    assert about(second, sold)


def test_a_chargeback_names_the_sale_the_case_and_the_sum(rig: Rig) -> None:
    _, sold = rig.sell()
    answer = rig.sandbox.request(
        "POST", f"/_control/peers/{rig.name}/chargeback", f'{{"order": "{sold.token}"}}'
    )

    if rig.coins:
        assert answer.status in {404, 422}
        return
    assert answer.status == 200
    if "chargeback" in SILENT.get(rig.name, ()):
        assert rig.notices() == []
        assert not rig.can.dispute_push
        return
    if rig.name == "nmi":
        # Its batch names no transaction: a person compares the card, the sum and the day.
        lost = rig.news(Told.NEEDS_STAFF)
        assert (lost.facts["last4"], lost.facts["amount"]) == ("1111", "25.00")
        return
    said = rig.news(Told.CHARGEBACK)
    assert said.dispute is not None
    assert said.dispute.reference
    assert said.amount == PRICE
    assert about(said, sold)


def test_a_sale_the_gateway_does_not_know_is_not_refunded(rig: Rig) -> None:
    _, sold = rig.sell()
    other = replace(sold, reference="999999999999", gateway_transaction="999999999999")

    if not rig.can.refund:
        with pytest.raises(NotOffered):
            rig.gateway.refund(other, amount=PRICE, key="r-1")
        return
    outcome = asked(lambda: rig.gateway.refund(other, amount=PRICE, key="r-1"))

    assert outcome is Outcome.DECLINED
    assert refunded(rig, sold) == 0
