"""Apple Pay and Google Pay: the wallet's token goes to the gateway as it is, and is a sale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from apps.finance.payments.adapters.base import Charge, NotOffered, Outcome, Told
from tests.finance.payments.contract.rig import PRICE, Rig

#: What a Rapyd account calls a wallet; see docs/gateways/rapyd.md.
CALLED = {
    "applepay_type": "us_applepay_card",
    "applepay_field": "token",
    "googlepay_type": "us_googlepay_card",
    "googlepay_field": "token",
}


@pytest.mark.parametrize("wallet", ["applepay", "googlepay"])
def test_a_wallets_token_is_one_sale_of_the_order(rig: Rig, wallet: str) -> None:
    order = rig.order()
    order = replace(order, account=replace(order.account, config={**rig.config(), **CALLED}))
    token = '{"version":"EC_v1"}'
    if rig.name == "nmi":  # there Collect.js changes the wallet's token for one of its own
        token = rig.one_time(order).token
    charge = Charge(order, f"key-{order.token}", token, one_time=True, wallet=wallet)

    if wallet not in rig.can.wallets:
        with pytest.raises(NotOffered):
            rig.gateway.charge(charge)
        assert rig.sales(order.token, "paid") == []
        return
    answered = rig.gateway.charge(charge)

    assert answered.outcome is Outcome.DONE
    assert len(rig.sales(order.token, "paid")) == 1
    said = rig.news(Told.PAID)
    assert (said.token, said.reference, said.amount) == (order.token, answered.reference, PRICE)
    assert token not in str(dict(answered.sent)) + str(dict(answered.received))
