"""The demo's accounts at gateways: each brand at another one, so that every one has a story.

Numbers and names of secrets are those of the sandbox; what accounts cost is of the size that such
gateways publish. Routing takes the cheapest, which is how payments come to go through all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from apps.accounts.models import User
from apps.finance.payments.rules.merchants import Place, Terms
from apps.ops.services.merchants import Mid, open_mids

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

#: Of those that belong to nobody (North American numbers 555-0100 to 555-0199 are for stories).
_PHONE = "800-555-0100"


def _terms(name: str, cost_bps: int, *, fixed: int = 0, cap: int | None = None) -> Terms:
    return Terms(
        descriptor=f"{name.upper()} {_PHONE}",
        least_minor=2_95,
        most_minor=1_000_00,
        label=name,
        mcc="5967",
        monthly_cap_minor=cap,
        cost_bps=cost_bps,
        cost_fixed_minor=fixed,
    )


MIDS = (
    Mid("fanzlab", Place("adyen", "FanzECOM", "USD"), _terms("Adyen FanzLab", 390, fixed=11)),
    Mid("fanzlab", Place("btcpay", "FanzStore", "USD"), _terms("BTCPay FanzLab", 0)),
    Mid(
        "boyfanz",
        Place("segpay", "20011", "USD", form="111:202", credentials="segpay-boyfanz"),
        _terms("Segpay BoyFanz", 1_290, cap=50_000_00),
    ),
    Mid(
        "girlfanz",
        Place("nowpayments", "money@fanz.example", "USD"),
        _terms("NOWPayments GirlFanz", 100),
    ),
    Mid("daddyfanz", Place("verotel", "68849", "USD"), _terms("Verotel DaddyFanz", 990)),
    Mid(
        "pupfanz",
        Place("epoch", "fanz", "USD", "a", "join-1"),
        _terms("Epoch PupFanz", 1_050, cap=2_000_00),
    ),
    Mid(
        "taboofanz",
        Place("netbilling", "104901072025", "USD", "FANZ"),
        _terms("NetBilling TabooFanz", 650, fixed=25),
    ),
    Mid("transfanz", Place("segpay", "20010", "USD", form="101:202"), _terms("Segpay", 1_020)),
    Mid(
        "cougarfanz",
        Place("commercegate", "7001", "USD", "1"),
        _terms("CommerceGate CougarFanz", 850, fixed=20),
    ),
    Mid(
        "fanzcock",
        Place("nmi", "900100", "USD", "processor-1"),
        _terms("HMS FanzCock", 450, fixed=30),
        is_on=False,
    ),
)


def open_demo_accounts(
    *, brands: Mapping[str, Cluster], staff: tuple[User, User], now: datetime
) -> None:
    """Open the accounts whose secrets this machine has. Safe to repeat."""
    held = settings.GATEWAY_CREDENTIALS
    mids = [mid for mid in MIDS if (mid.place.credentials or mid.place.gateway) in held]
    open_mids(mids, brands=brands, staff=staff, now=now)
