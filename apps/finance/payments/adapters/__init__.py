"""The card gateways, by name."""

from apps.finance.payments.adapters.adyen import Adyen
from apps.finance.payments.adapters.bank import Bank
from apps.finance.payments.adapters.base import Gateway
from apps.finance.payments.adapters.btcpay import BTCPay
from apps.finance.payments.adapters.ccbill import CCBill
from apps.finance.payments.adapters.commercegate import CommerceGate
from apps.finance.payments.adapters.epoch import Epoch
from apps.finance.payments.adapters.netbilling import NetBilling
from apps.finance.payments.adapters.nmi import NMI
from apps.finance.payments.adapters.nowpayments import NowPayments
from apps.finance.payments.adapters.rapyd import Rapyd
from apps.finance.payments.adapters.segpay import Segpay
from apps.finance.payments.adapters.vendo import Vendo
from apps.finance.payments.adapters.verotel import Verotel

GATEWAYS: dict[str, Gateway] = {
    "ccbill": CCBill(),
    "segpay": Segpay(),
    "epoch": Epoch(),
    "vendo": Vendo(),
    "verotel": Verotel(),
    "netbilling": NetBilling(),
    "commercegate": CommerceGate(),
    "adyen": Adyen(),
    "rapyd": Rapyd(),
    "nmi": NMI(),
    "btcpay": BTCPay(),
    "nowpayments": NowPayments(),
}

#: What a NACHA file names the sender and its bank by.
_ACH_NEEDS = (
    "immediate_destination", "destination_name", "immediate_origin", "origin_name",
    "company_name", "company_id", "odfi",
)  # fmt: skip
#: Our own bank: nothing of it is called or calls us, so it is no part of ``GATEWAYS``.
BANKS: dict[str, Gateway] = {
    "ach": Bank("USD", needs=_ACH_NEEDS),
    "sepa": Bank("EUR", needs=("creditor_name", "creditor_id", "iban", "bic")),
    "wire": Bank("EUR", "USD", needs=("holder", "iban", "bic")),
}


def gateway_for(name: str) -> Gateway:
    """Return the adapter of a gateway.

    :raises KeyError: there is none by this name
    """
    return BANKS[name] if name in BANKS else GATEWAYS[name]


__all__ = ["GATEWAYS", "gateway_for"]
