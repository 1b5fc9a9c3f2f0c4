"""The demo's merchant accounts at the gateways: numbers, secrets that open nothing, addresses.

Every gateway has two: of the platform, and of one brand that has its own account with other
secrets. The platform is given the same credentials (GATEWAY_CREDENTIALS).
"""

from __future__ import annotations

import hashlib

BRAND = "boyfanz"

#: The account's number by the name of its credentials.
NUMBERS = {
    "segpay": "20010",
    "epoch": "fanz",
    "vendo": "3001",
    "verotel": "68849",
    "netbilling": "104901072025",
    "commercegate": "7001",
    "adyen": "FanzECOM",
    "rapyd": "fanz",
    "nmi": "900100",
    "btcpay": "FanzStore",
    "nowpayments": "money@fanz.example",
    f"segpay-{BRAND}": "20011",
    f"epoch-{BRAND}": "fanzb",
    f"vendo-{BRAND}": "3002",
    f"verotel-{BRAND}": "68850",
    f"netbilling-{BRAND}": "104901072026",
    f"commercegate-{BRAND}": "7002",
    f"adyen-{BRAND}": "BoyFanzECOM",
    f"rapyd-{BRAND}": "boyfanz",
    f"nmi-{BRAND}": "900101",
    f"btcpay-{BRAND}": "BoyFanzStore",
    f"nowpayments-{BRAND}": "money@boyfanz.example",
}

#: Where each gateway lives below the sandbox's address.
ADDRESSES = {
    "segpay": {
        "pay_url": "/segpay/billing",
        "srs_url": "/segpay/srs",
        "service_url": "/segpay/service",
    },
    "epoch": {
        "api_url": "/epoch/secure/services",
        "search_url": "/epoch/services/customer_search",
    },
    "vendo": {"api_url": "/vendo"},
    "verotel": {"pay_url": "/verotel", "api_url": "/verotel/api"},
    "netbilling": {
        "form_url": "/netbilling/gw/native/interactive2.2",
        "direct_url": "/netbilling",
        "report_url": "/netbilling",
    },
    "commercegate": {"api_url": "/commercegate", "legacy_url": "/commercegate/legacy"},
    "adyen": {"api_url": "/adyen/v71"},
    "rapyd": {"api_url": "/rapyd/v1"},
    "nmi": {"api_url": "/nmi/api", "fields_script_url": "/nmi/token/Collect.js"},
    "btcpay": {"api_url": "/btcpay"},
    "nowpayments": {"api_url": "/nowpayments/v1"},
}

#: Names of secrets, as in each protocol.
SECRETS = {
    "segpay": "user_id access_key postback_username postback_password order_secret",
    "epoch": "secret auth_user auth_pass",
    "vendo": "api_secret shared_secret",
    "verotel": "secret api_username api_password",
    "netbilling": "integrity_key control_keyword retrieval_keyword",
    "commercegate": "login password customer_password security_key",
    "adyen": "api_key hmac_key webhook_username webhook_password client_key",
    "rapyd": "access_key secret_key",
    "nmi": "security_key tokenization_key signing_key",
    "btcpay": "api_key webhook_secret",
    "nowpayments": "api_key ipn_secret email password",
}
#: Keys that are bytes written as hexadecimal digits.
HEXADECIMAL = frozenset({"hmac_key", "security_key"})
PLAIN: dict[str, dict[str, str]] = {
    # Test sales count where the site is a test itself.
    "epoch": {"take_test_sales": "yes"},
    f"epoch-{BRAND}": {"take_test_sales": "yes"},
    "commercegate": {"customer_id": NUMBERS["commercegate"]},
    f"commercegate-{BRAND}": {"customer_id": NUMBERS[f"commercegate-{BRAND}"]},
    "segpay": {"package": "101"},  # an e-ticket is package:price point
    f"segpay-{BRAND}": {"package": "111"},
    "rapyd": {"country": "US"},
    f"rapyd-{BRAND}": {"country": "US"},
}


def credentials(origin: str) -> dict[str, dict[str, str]]:
    """Return every set of credentials by its name, with addresses below ``origin``."""
    return {name: _set(name, origin) for name in NUMBERS}


def at(held: dict[str, dict[str, str]], origin: str) -> dict[str, dict[str, str]]:
    """Return credentials with the addresses of a sandbox at ``origin`` in place of theirs."""
    return {
        name: {**one, **_addresses(name.partition("-")[0], origin)} for name, one in held.items()
    }


def _set(name: str, origin: str) -> dict[str, str]:
    gateway = name.partition("-")[0]
    return {
        **_addresses(gateway, origin),
        **{each: _secret(name, each) for each in SECRETS[gateway].split()},
        **PLAIN.get(name, {}),
        "webhook_token": f"{name}-webhook-token",
        "webhook_networks": "127.0.0.0/8",
    }


def _addresses(gateway: str, origin: str) -> dict[str, str]:
    return {name: origin + path for name, path in ADDRESSES.get(gateway, {}).items()}


def _secret(name: str, key: str) -> str:
    """Return a value that differs from every other, the same on each machine."""
    if key in HEXADECIMAL:
        return hashlib.sha256(f"{name} {key}".encode()).hexdigest()
    return f"sandbox-{name}-{key.replace('_', '-')}"
