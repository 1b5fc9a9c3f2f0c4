"""What the sandbox knows: merchant accounts, addresses it calls, pay accounts and their money."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox import accounts

#: Brands in the order of their sub-accounts 0001 to 0009.
BRANDS = (
    "fanzlab",
    "boyfanz",
    "girlfanz",
    "daddyfanz",
    "pupfanz",
    "taboofanz",
    "transfanz",
    "cougarfanz",
    "fanzcock",
)


@dataclass(frozen=True, slots=True)
class Subaccount:
    """One CCBill sub-account: where the buyer returns to and where webhooks go."""

    approval_url: str
    denial_url: str
    webhook_url: str
    descriptor: str


@dataclass(frozen=True, slots=True)
class CcbillAccount:
    """One CCBill merchant account. Prices are text in the unit of the currency."""

    client_accnum: str
    salt: str
    subaccounts: dict[str, Subaccount]
    minimum_price: str = "2.95"
    maximum_price: str = "100.00"
    webhook_format: str = "urlencoded"
    datalink_username: str = "sandbox"
    datalink_password: str = "sandbox"  # noqa: S105  (the sandbox's own, opens nothing)


@dataclass(frozen=True, slots=True)
class PaxumAccount:
    """One Paxum payer. Balances are text by currency."""

    email: str
    shared_secret: str
    account_id: str
    balances: dict[str, str] = field(default_factory=lambda: {"USD": "1000000.00"})
    transfer_fee: str = "1.00"


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant's account at a gateway of ``sandbox.peers``, with what it is called with."""

    gateway: str
    name: str  # of its credentials
    number: str
    webhook_url: str
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the sandbox is started with."""

    ccbill: tuple[CcbillAccount, ...] = ()
    paxum: tuple[PaxumAccount, ...] = ()
    merchants: tuple[Merchant, ...] = ()
    #: Waits between attempts to deliver a webhook. CCBill's real schedule is not published.
    retry_seconds: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0, 600.0)
    #: How long a call hangs before its connection is dropped.
    hang_seconds: float = 30.0

    def to_json(self) -> str:
        """Return the text that SANDBOX_CONFIG or a file may hold."""
        return json.dumps(asdict(self))


def from_json(text: str) -> Config:
    """Read what :meth:`Config.to_json` wrote.

    :raises KeyError, TypeError: when a required value is missing or unknown.
    """
    data: dict[str, Any] = json.loads(text)
    ccbill = tuple(_ccbill_account(item) for item in data.pop("ccbill", []))
    paxum = tuple(PaxumAccount(**item) for item in data.pop("paxum", []))
    merchants = tuple(Merchant(**item) for item in data.pop("merchants", []))
    if "retry_seconds" in data:
        data["retry_seconds"] = tuple(data["retry_seconds"])
    return Config(ccbill=ccbill, paxum=paxum, merchants=merchants, **data)


def _ccbill_account(item: Mapping[str, Any]) -> CcbillAccount:
    subaccounts = {number: Subaccount(**values) for number, values in item["subaccounts"].items()}
    return CcbillAccount(**{**item, "subaccounts": subaccounts})


def default(
    *,
    origin: str = "http://{brand}.localhost:8000",
    webhook_origin: str = "http://localhost:8000",
    ccbill_salt: str,
    ccbill_webhook_token: str,
    paxum_email: str,
    paxum_secret: str,
    paxum_account_id: str,
    credentials: Mapping[str, Mapping[str, str]] | None = None,
) -> Config:
    """Return the demo's configuration: nine brands on account 900000, one Paxum payer, and two
    accounts at every other gateway.

    ``origin`` is a brand's site with ``{brand}`` in place of its slug; ``credentials`` are the
    platform's (``sandbox.accounts``), without which the demo's hold.
    """
    return_url = "/checkout/ccbill/return/"
    webhook_url = f"{webhook_origin}/webhooks/ccbill/{ccbill_webhook_token}/"
    subaccounts = {
        f"{number:04}": Subaccount(
            approval_url=origin.format(brand=brand) + return_url,
            denial_url=origin.format(brand=brand) + return_url,
            webhook_url=webhook_url,
            descriptor=f"CCBILL.COM *{brand.upper()}",
        )
        for number, brand in enumerate(BRANDS, 1)
    }
    account = CcbillAccount("900000", ccbill_salt, subaccounts, maximum_price="1000.00")
    held = accounts.credentials("") if credentials is None else credentials
    return Config(
        ccbill=(account,),
        paxum=(PaxumAccount(paxum_email, paxum_secret, paxum_account_id),),
        merchants=tuple(
            _merchant(name, held[name], webhook_origin)
            for name in accounts.NUMBERS
            if name in held
        ),
    )


def _merchant(name: str, secrets: Mapping[str, str], webhook_origin: str) -> Merchant:
    gateway = name.partition("-")[0]
    return Merchant(
        gateway=gateway,
        name=name,
        number=accounts.NUMBERS[name],
        webhook_url=f"{webhook_origin}/webhooks/{gateway}/{secrets['webhook_token']}/",
        secrets=dict(secrets),
    )


def from_environment(environ: Mapping[str, str]) -> Config:
    """Read SANDBOX_CONFIG (JSON, or the path of a JSON file), else build the demo's.

    The demo's secrets come from the variables that Django reads (those of other gateways from
    GATEWAY_CREDENTIALS), with its development values;
    SANDBOX_WEB_PORT, else PORT, is the web server's (some process managers give each process
    a PORT of its own).
    """
    given = environ.get("SANDBOX_CONFIG", "")
    if given:
        return from_json(given if given.lstrip().startswith("{") else Path(given).read_text())
    held = json.loads(environ.get("GATEWAY_CREDENTIALS") or "{}")
    port = environ.get("SANDBOX_WEB_PORT") or environ.get("PORT") or "8000"
    return default(
        origin=f"http://{{brand}}.localhost:{port}",
        webhook_origin=f"http://localhost:{port}",
        ccbill_salt=environ.get("CCBILL_SALT", "development-salt"),
        ccbill_webhook_token=environ.get("CCBILL_WEBHOOK_TOKEN", "development-webhook-token"),
        paxum_email=environ.get("PAXUM_FROM_EMAIL", "payouts@fanz.example"),
        paxum_secret=environ.get("PAXUM_SHARED_SECRET", "development-paxum-secret"),
        paxum_account_id=environ.get("PAXUM_ACCOUNT_ID", "590900"),
        credentials=held or None,
    )
