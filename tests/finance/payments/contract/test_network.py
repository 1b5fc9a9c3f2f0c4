"""A broken connection never turns into a wrong word: not sent, or unknown and then the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.core import http
from apps.core.errors import Unavailable
from apps.core.network import Call
from apps.finance.payments.adapters.base import (
    Account,
    Answered,
    Charge,
    Outcome,
    Sale,
    Sold,
    Told,
)
from sandbox.faults import FaultProxy
from tests.finance.payments.contract.rig import PRICE, Rig
from tests.finance.payments.contract.test_charge import SMALL, stored
from tests.sandbox.fixtures import free_port

#: The request took effect, but its answer did not come whole.
LOST = ("lose", "half")
#: Nobody got the request, though the client cannot know it.
SWALLOWED = ("swallow",)
#: Only what its own form sold is told by a webhook.
TELLS_NO_CHARGES = frozenset({"netbilling"})


@pytest.fixture
def proxy(rig: Rig) -> Iterator[FaultProxy]:
    with FaultProxy(urlsplit(rig.sandbox.url).port or 0) as running:
        yield running


def through(account: Account, origin: str) -> Account:
    """The account, its gateway's addresses moved to ``origin``."""
    moved = {
        name: origin + urlsplit(value).path if name.endswith("_url") else value
        for name, value in account.config.items()
    }
    return replace(account, config=moved)


def nobody() -> str:
    return f"http://127.0.0.1:{free_port()}"


def charge_through(rig: Rig, origin: str) -> Charge:
    """A charge of a stored means, or of a one-time token, that goes over ``origin``."""
    order = rig.order(amount=SMALL)
    if rig.can.token_charge:
        charge = Charge(
            order=order, key=f"key-{order.token}", token=stored(rig), payer_present=False
        )
    else:
        charge = rig.one_time(order)
    moved = replace(charge.order, account=through(charge.order.account, origin))
    return replace(charge, order=moved)


def charges(rig: Rig) -> bool:
    return rig.can.token_charge or (rig.can.fields and not rig.can.hosted_page)


def test_where_nobody_listens_nothing_was_sent(rig: Rig) -> None:
    _, sold = rig.sell()
    dead = nobody()
    lost = replace(sold, account=through(sold.account, dead))

    if rig.can.refund:
        with pytest.raises(http.NotSent):
            rig.gateway.refund(lost, amount=PRICE, key="r-1")
    if charges(rig):
        with pytest.raises(http.NotSent):
            rig.gateway.charge(charge_through(rig, dead))
    assert [sale["refunded"] for sale in rig.sales(sold.token)] in (["0"], ["0.00"])


@pytest.mark.parametrize("kind", [*LOST, *SWALLOWED])
def test_a_refund_whose_answer_is_lost_is_unknown(rig: Rig, proxy: FaultProxy, kind: str) -> None:
    _, sold = rig.sell()
    over = replace(sold, account=through(sold.account, proxy.url))
    if not rig.can.refund:
        assert not rig.can.partial_refund
        return
    steps = steps_of(proxy, lambda: rig.gateway.refund(over, amount=PRICE, key="r-1"))
    other = rig.sell()[1]
    over = replace(other, account=through(other.account, proxy.url))
    delayed(proxy, steps - 1)
    proxy.plan(kind)

    said = unknown_or(lambda: rig.gateway.refund(over, amount=PRICE, key="r-2"))

    given_back = Decimal(rig.sales(other.token, "paid")[0]["refunded"])
    assert given_back == (PRICE.decimal if kind in LOST else 0)
    assert said is None or (said in {Outcome.DONE, Outcome.PENDING}) == (kind in LOST)


@pytest.mark.parametrize("kind", [*LOST, *SWALLOWED])
def test_a_charge_whose_answer_is_lost_is_unknown_and_a_look_up_tells_the_truth(
    rig: Rig, proxy: FaultProxy, kind: str
) -> None:
    if not charges(rig):
        assert rig.gateway.open_checkout(rig.order()).url
        return
    steps = steps_of(proxy, lambda: rig.gateway.charge(charge_through(rig, proxy.url)))
    charge = charge_through(rig, proxy.url)
    delayed(proxy, steps - 1)
    proxy.plan(kind)
    rig.notices()

    said = unknown_or(lambda: rig.gateway.charge(charge))

    token = charge.order.token
    paid = len(rig.sales(token, "paid"))
    if said is None:
        assert paid == (1 if kind in LOST else 0)
    else:
        assert paid == (1 if said in {Outcome.DONE, Outcome.PENDING} else 0)
    told = [each for each in rig.notices() if each.token == token and each.told is Told.PAID]
    if rig.name not in TELLS_NO_CHARGES:
        assert len({each.reference for each in told}) == paid
    if rig.can.look_up:
        says_the_truth(rig, Sold(rig.account, "", token, SMALL), paid=bool(paid))


def unknown_or(call: Callable[[], Answered]) -> Outcome | None:
    """
    Return None for "not known", never for "not sent".

    Or what the adapter answers, where it found out by asking again under the same number.
    """
    try:
        return call().outcome
    except http.NotSent as problem:
        raise AssertionError("the request was sent") from problem
    except Unavailable:
        return None


def says_the_truth(rig: Rig, asked: Sold, *, paid: bool) -> None:
    """A look-up by the order alone finds what there is, or says that it cannot say."""
    try:
        found = rig.gateway.look_up(asked)
    except Unavailable:
        return
    if paid and rig.can.look_up_proves:
        assert found.sale is Sale.PAID
    if not paid:
        assert found.sale in {Sale.NOT_FOUND, Sale.PENDING}


def test_the_same_key_after_a_lost_answer_charges_once(rig: Rig, proxy: FaultProxy) -> None:
    if not (rig.can.keeps_keys and rig.can.token_charge):
        assert not (rig.can.keeps_keys and rig.can.token_charge)
        return
    steps = steps_of(proxy, lambda: rig.gateway.charge(charge_through(rig, proxy.url)))
    charge = charge_through(rig, proxy.url)
    delayed(proxy, steps - 1)
    proxy.plan("lose")
    unknown_or(lambda: rig.gateway.charge(charge))

    again = rig.gateway.charge(charge)

    assert again.outcome in {Outcome.DONE, Outcome.PENDING}
    assert len(rig.sales(charge.order.token, "paid")) == 1


@pytest.mark.parametrize("kind", LOST)
def test_a_checkout_that_cannot_be_opened_says_so(rig: Rig, proxy: FaultProxy, kind: str) -> None:
    order = rig.order()
    before = proxy.seen
    rig.gateway.open_checkout(replace(order, account=through(order.account, proxy.url)))
    if proxy.seen == before:
        return  # a signed link, made without asking anybody
    proxy.plan(kind, times=9)

    fresh = rig.order()
    with pytest.raises(Unavailable):
        rig.gateway.open_checkout(replace(fresh, account=through(fresh.account, proxy.url)))
    assert rig.sales(fresh.token, "paid") == []


@pytest.mark.parametrize("kind", ["half", "cut"])
def test_a_look_up_that_gets_no_whole_answer_says_nothing(
    rig: Rig, proxy: FaultProxy, kind: str
) -> None:
    _, sold = rig.sell()
    over = replace(rig.asked(sold), account=through(sold.account, proxy.url))
    if not rig.can.look_up:
        assert not rig.can.look_up_proves
        return
    proxy.plan(kind, times=30)

    with pytest.raises(Unavailable):
        rig.gateway.look_up(over)


def test_a_slow_answer_is_an_answer(rig: Rig, proxy: FaultProxy) -> None:
    _, sold = rig.sell()
    over = replace(sold, account=through(sold.account, proxy.url))
    proxy.plan("slow", times=5, seconds=0.3)

    if rig.can.refund:
        assert rig.gateway.refund(over, amount=PRICE, key="r-1").outcome is not Outcome.DECLINED
    else:
        assert not rig.can.partial_refund


def test_an_answer_that_does_not_come_in_time_is_unknown(
    rig: Rig, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, sold = rig.sell()
    over = replace(sold, account=through(sold.account, proxy.url))
    if not rig.can.refund:
        assert not rig.can.partial_refund
        return
    impatient(monkeypatch)
    proxy.plan("slow", times=9, seconds=0.8)
    began = time.monotonic()

    said = unknown_or(lambda: rig.gateway.refund(over, amount=PRICE, key="r-1"))

    assert said is None
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("code", ["500", "503"])
def test_a_server_error_after_the_act_is_unknown(rig: Rig, code: str) -> None:
    _, sold = rig.sell()
    if not rig.can.refund or rig.name == "ccbill":
        assert rig.name == "ccbill" or not rig.can.partial_refund
        return
    rig.sandbox.scenario(rig.name, key=REFUND_WORDS[rig.name], fail="code_after", code=code)

    with pytest.raises(Unavailable) as raised:
        rig.gateway.refund(sold, amount=PRICE, key="r-1")

    assert not isinstance(raised.value, http.NotSent)
    assert Decimal(rig.sales(sold.token, "paid")[0]["refunded"]) == PRICE.decimal


#: A word in a gateway's refund call and in no other.
REFUND_WORDS = {
    "adyen": "refunds",
    "btcpay": "refund",
    "commercegate": "refund",
    "netbilling": "R",
    "nmi": "refund",
    "rapyd": "refunds",
    "segpay": "RefundTransaction",
    "vendo": "refund",
    "verotel": "credit",
}


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients wait for 0.3 seconds; all else about them stays as it is."""
    exchange = http.Client._exchange

    def hurried(
        client: http.Client, method: str, url: str, parts: dict[str, Any], call: Call
    ) -> http.Response:
        monkeypatch.setattr(client, "timeout", http.Timeout(read=0.3))
        return exchange(client, method, url, parts, call)

    monkeypatch.setattr(http.Client, "_exchange", hurried)


def steps_of(proxy: FaultProxy, call: Callable[[], Answered]) -> int:
    """How many connections a call makes when all goes well."""
    before = proxy.seen
    call()
    return proxy.seen - before


def delayed(proxy: FaultProxy, count: int) -> None:
    """Let so many connections pass, so that the fault meets the one after."""
    if count:
        proxy.plan("slow", times=count)
