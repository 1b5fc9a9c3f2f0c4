"""Deliveries of the six gateways with pages, signed here anew by each protocol's own rule."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote_plus, urlencode

from apps.finance.payments.adapters.base import Account, Delivery

TOKEN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
PATH = "/webhooks/x/abc/"
SECRET = "a-secret"
CONFIG = {
    "flexforms_url": "https://pay.example/flexforms",
    "datalink_url": "https://datalink.example",
    "salt": SECRET,
    "secret": SECRET,
    "shared_secret": SECRET,
    "integrity_key": SECRET,
    "order_secret": SECRET,
    "control_keyword": "keyword",
    "postback_username": "segpay",
    "postback_password": "password",
    "api_url": "https://gateway.example/api",
    "pay_url": "https://gateway.example/pay",
    "srs_url": "https://gateway.example/srs",
    "form_url": "https://gateway.example/form",
    "direct_url": "https://gateway.example",
    "webhook_networks": "127.0.0.0/8, 203.0.113.0/24",
}
ACCOUNT = Account("900000", "0002", "flex", config=CONFIG)
BASIC = {"Authorization": "Basic " + base64.b64encode(b"segpay:password").decode()}

SALES: dict[str, dict[str, str]] = {
    "ccbill": {
        "eventType": "NewSaleSuccess", "transactionId": "9", "subscriptionId": "9",
        "subscriptionInitialPrice": "25.50", "subscriptionCurrencyCode": "840",
        "initialPeriod": "2", "timestamp": "2026-01-15 05:00:00", "X-order": TOKEN,
        "clientAccnum": "900000", "clientSubacc": "0002", "last4": "1111", "expDate": "0930",
        "paymentAccount": "hash-of-card", "bin": "411111", "cardType": "VISA",
    },
    "segpay": {
        "action": "Auth", "stage": "Initial", "approved": "Yes", "trantype": "Sale",
        "purchaseid": "71", "tranid": "81", "price": "25.50", "currencycode": "USD",
        "ref1": TOKEN, "merchantid": "900000", "cclast4": "1111", "cardtype": "Visa",
        "transtime": "1/15/2026 12:00:00 PM (GMT STANDARD TIME)",
    },
    "epoch": {
        "ans": "Y123456", "member_id": "71", "transaction_id": "81", "co_code": "900000",
        "trans_amount": "25.50", "trans_currency": "USD", "x_order": TOKEN,
        "payment_subtype": "VS",
        "event_datetime": "2026-01-15 04:00:00", "reseller": "a",
    },
    "vendo": {
        "type": "sale", "transaction_id": "81", "subscription_id": "71", "amount": "25.50",
        "currency": "USD", "merchant_reference": TOKEN, "merchant_id": "900000",
        "site_id": "0002", "date_time": "2026-01-15 12:00:00", "payment_details_token": "tok 1",
    },
    "verotel": {
        "type": "purchase", "shopID": "900000", "saleID": "71", "transactionID": "81",
        "referenceID": TOKEN, "priceAmount": "25.50", "priceCurrency": "USD",
    },
    "netbilling": {
        "Ecom_Ezic_AccountAndSitetag": "900000:0002", "Ecom_Cost_Total": "25.50",
        "order": TOKEN, "Ecom_Ezic_Response_TransactionID": "81",
        "Ecom_Ezic_Response_StatusCode": "1",
        "Ecom_Ezic_Response_IssueDate": "2026-01-15 12:00:00",
        "Ecom_Ezic_Security_HashFields": "Ecom_Ezic_AccountAndSitetag Ecom_Cost_Total order",
    },
}  # fmt: skip


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _ccbill(fields: dict[str, str], secret: str) -> dict[str, str]:
    names = ("subscriptionInitialPrice", "initialPeriod", "subscriptionCurrencyCode")
    text = "".join(fields.get(name, "") for name in names)
    return {**fields, "dynamicPricingValidationDigest": md5(text + secret)}


def _segpay(fields: dict[str, str], secret: str) -> dict[str, str]:
    text = "|".join(fields.get(name, "") for name in ("ref1", "price", "currencycode"))
    mark = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()[:32]
    return {**fields, "ref2": mark}


def _epoch(fields: dict[str, str], secret: str) -> dict[str, str]:
    text = "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return {**fields, "epoch_digest": hmac.new(secret.encode(), text.encode(), "md5").hexdigest()}


def _vendo(fields: dict[str, str], secret: str) -> dict[str, str]:
    query = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
    mac = hmac.new(secret.encode(), f"{PATH}?{query}".encode(), "sha1").digest()
    return {**fields, "signature": base64.urlsafe_b64encode(mac).decode().rstrip("=")}


def _verotel(fields: dict[str, str], secret: str) -> dict[str, str]:
    text = ":".join([secret, *(f"{name}={fields[name]}" for name in sorted(fields))])
    return {**fields, "signature": hashlib.sha256(text.encode()).hexdigest()}


def _netbilling(fields: dict[str, str], secret: str) -> dict[str, str]:
    names = ["Ecom_Ezic_Response_TransactionID", "Ecom_Ezic_Response_StatusCode"]
    names += fields["Ecom_Ezic_Security_HashFields"].split()
    proof = md5(secret + "".join(fields.get(name, "") for name in names)).upper()
    return {**fields, "Ecom_Ezic_ProofOfPurchase_MD5": proof}


SIGN: dict[str, Callable[[dict[str, str], str], dict[str, str]]] = {
    "ccbill": _ccbill,
    "segpay": _segpay,
    "epoch": _epoch,
    "vendo": _vendo,
    "verotel": _verotel,
    "netbilling": _netbilling,
}
BY_GET = frozenset({"segpay", "vendo", "verotel"})


def signed(name: str, *, secret: str = SECRET, **changed: str) -> dict[str, str]:
    """The fields of a sale, some changed, signed."""
    return SIGN[name]({**SALES[name], **changed}, secret)


def delivery(name: str, fields: Mapping[str, str], **more: object) -> Delivery:
    """Fields as the gateway delivers them."""
    query = urlencode(fields)
    parts: dict[str, object] = {
        "query": dict(fields) if name in BY_GET else {},
        "headers": BASIC,
        "body": b"" if name in BY_GET else query.encode(),
        "remote_ip": "203.0.113.9",
        "method": "GET" if name in BY_GET else "POST",
        "url": f"https://fanz.example{PATH}",
        "received_at": NOW,
        "raw_query": query if name in BY_GET else "",
    }
    return Delivery(**{**parts, **more})  # type: ignore[arg-type]
