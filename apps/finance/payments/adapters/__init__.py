"""The card gateways, by name."""

from apps.finance.payments.adapters.base import Gateway
from apps.finance.payments.adapters.ccbill import CCBill

GATEWAYS: dict[str, Gateway] = {"ccbill": CCBill()}


def gateway_for(name: str) -> Gateway:
    """Return the adapter of a gateway.

    :raises KeyError: there is none by this name
    """
    return GATEWAYS[name]


__all__ = ["GATEWAYS", "gateway_for"]
