"""The card gateways, by name."""

from apps.finance.payments.adapters.adyen import Adyen
from apps.finance.payments.adapters.base import Gateway
from apps.finance.payments.adapters.btcpay import BTCPay
from apps.finance.payments.adapters.ccbill import CCBill
from apps.finance.payments.adapters.commercegate import CommerceGate
from apps.finance.payments.adapters.nmi import NMI
from apps.finance.payments.adapters.nowpayments import NowPayments
from apps.finance.payments.adapters.rapyd import Rapyd

GATEWAYS: dict[str, Gateway] = {
    "ccbill": CCBill(),
    "commercegate": CommerceGate(),
    "adyen": Adyen(),
    "rapyd": Rapyd(),
    "nmi": NMI(),
    "btcpay": BTCPay(),
    "nowpayments": NowPayments(),
}


def gateway_for(name: str) -> Gateway:
    """Return the adapter of a gateway.

    :raises KeyError: there is none by this name
    """
    return GATEWAYS[name]


__all__ = ["GATEWAYS", "gateway_for"]
