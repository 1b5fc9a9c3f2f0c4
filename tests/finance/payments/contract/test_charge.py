"""A stored means of payment is charged once, declined where the bank declines, never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.core.errors import Unavailable
from apps.core.money import Money
from apps.finance.payments.adapters.base import (
    Answered,
    Charge,
    NotOffered,
    Order,
    Outcome,
    Told,
)
from tests.finance.payments.contract.rig import HOLDER, LATER_DECLINED, Rig
from tests.finance.payments.contract.test_afterwards import keeps_no_secret

SMALL = Money.of("9.00", "USD")


def stored(rig: Rig, *, name: str = HOLDER) -> str:
    """Sell something and return the means that was kept."""
    paid, _ = rig.sell(name=name)
    assert paid.means is not None
    assert paid.means.token
    assert paid.means.last4 in {"1111", ""}
    return paid.means.token


def charge_of(order: Order, token: str, *, key: str = "key-1") -> Charge:
    return Charge(order=order, key=key, token=token, payer_present=False)


def settled(rig: Rig, order: Order, answered: Answered) -> bool:
    """Whether the charge went through, by its answer or by the webhook that follows."""
    if answered.outcome is Outcome.DONE:
        return True
    if answered.outcome is Outcome.DECLINED:
        return False
    assert answered.outcome is Outcome.PENDING
    told = [each.told for each in rig.notices() if each.token == order.token]
    assert set(told) & {Told.PAID, Told.DECLINED}
    return Told.PAID in told


def test_a_stored_means_is_charged(rig: Rig) -> None:
    order = rig.order(amount=SMALL)

    if not rig.can.token_charge:
        with pytest.raises(NotOffered):
            rig.gateway.charge(charge_of(order, "any"))
        return
    answered = rig.gateway.charge(charge_of(order, stored(rig)))

    assert settled(rig, order, answered)
    assert [sale["amount"] for sale in rig.sales(order.token, "paid")] == ["9.00"]
    keeps_no_secret(rig, answered)


def test_a_payer_who_must_be_challenged_is_asked_before_anything_is_charged(rig: Rig) -> None:
    order = replace(rig.order(amount=SMALL), challenge=True)

    if "STORED" not in rig.can.challenges:
        assert rig.name not in {"adyen", "rapyd"}
        return
    charge = replace(charge_of(order, stored(rig)), payer_present=True)
    answered = rig.gateway.charge(charge)

    assert answered.outcome is Outcome.ACTION
    assert answered.action_url.startswith(rig.sandbox.url)
    assert rig.sales(order.token, "paid") == []


def test_a_stored_means_that_is_declined_moves_nothing(rig: Rig) -> None:
    order = rig.order(amount=SMALL)

    if not rig.can.token_charge:
        assert rig.sales(order.token) == []
        return
    amount = order.amount
    if rig.name == "netbilling":
        order = replace(order, amount=Money.of("666.00", "USD"))  # what its test mode declines
    answered = rig.gateway.charge(charge_of(order, stored(rig, name=LATER_DECLINED)))

    assert amount
    assert not settled(rig, order, answered)
    assert rig.sales(order.token, "paid") == []
    keeps_no_secret(rig, answered)


def test_a_means_the_gateway_does_not_know_is_declined(rig: Rig) -> None:
    order = rig.order(amount=SMALL)

    if not rig.can.token_charge:
        assert not rig.can.keeps_keys or rig.can.fields
        return
    known = stored(rig)
    unknown = "".join("9" if sign.isdigit() else sign for sign in known)
    try:
        answered = rig.gateway.charge(charge_of(order, unknown))
    except Unavailable:
        answered = None

    assert answered is None or answered.outcome is Outcome.DECLINED
    assert rig.sales(order.token, "paid") == []


def test_the_same_key_charges_once_where_keys_are_kept(rig: Rig) -> None:
    order = rig.order(amount=SMALL)
    if not (rig.can.keeps_keys and rig.can.token_charge):
        # Whoever cannot repeat safely must be able to find out what became of a charge.
        assert rig.can.look_up or not rig.can.token_charge or rig.name == "epoch"
        return
    token = stored(rig)

    first = rig.gateway.charge(charge_of(order, token))
    second = rig.gateway.charge(charge_of(order, token))

    assert (first.outcome, first.reference) == (second.outcome, second.reference)
    assert len(rig.sales(order.token)) == 1


def test_another_key_charges_again(rig: Rig) -> None:
    order = rig.order(amount=SMALL)
    if not (rig.can.keeps_keys and rig.can.token_charge):
        assert not (rig.can.keeps_keys and rig.can.token_charge)
        return
    token = stored(rig)

    first = rig.gateway.charge(charge_of(order, token))
    second = rig.gateway.charge(charge_of(order, token, key="key-2"))

    assert first.reference != second.reference
    assert len(rig.sales(order.token, "paid")) == 2


def test_a_wallets_token_is_charged_where_the_gateway_takes_it(rig: Rig) -> None:
    for wallet in sorted({"applepay", "googlepay"} - rig.can.wallets):
        charge = replace(charge_of(rig.order(), "wallet-token"), one_time=True, wallet=wallet)
        with pytest.raises(NotOffered):
            rig.gateway.charge(charge)
    assert rig.can.wallets <= {"applepay", "googlepay"}
