"""Deliveries of six gateways, signed here anew by each protocol's rule, not by our adapters."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from apps.finance.payments.adapters.base import Account, Delivery

TOKEN = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
URL = "https://pay.example/webhooks/x/abc/"
KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
CONFIG = {
    "api_url": "https://gateway.example/v1",
    "legacy_url": "https://gateway.example/legacy",
    "api_key": "api-key",
    "hmac_key": KEY,
    "access_key": "41473424D6BDB8C19778",
    "secret_key": "a699faeb232ecf91",
    "country": "US",
    "security_key": KEY,
    "tokenization_key": "public",
    "signing_key": "signing",
    "webhook_secret": "whsec",
    "ipn_secret": " ipn-secret ",
    "login": "us",
    "password": "pw",
    "email": "us@fanz.example",
    "customer_id": "7001",
    "customer_password": "cpw",
    "webhook_networks": "127.0.0.0/8",
}
ACCOUNT = Account("M-1", "S-1", config=CONFIG)


def account(**changes: str) -> Account:
    """The account with other configuration."""
    return replace(ACCOUNT, config={**CONFIG, **changes})


def delivered(body: bytes, **headers: str) -> Delivery:
    return Delivery({}, headers, body, "127.0.0.1", url=URL, received_at=NOW)


def compact(fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def _hmac(key: bytes, text: bytes, kind: str = "sha256") -> str:
    return hmac.new(key, text, kind).hexdigest()


def by_btcpay(body: bytes, secret: str = CONFIG["webhook_secret"]) -> Delivery:
    return delivered(body, **{"BTCPay-Sig": f"sha256={_hmac(secret.encode(), body)}"})


def by_nmi(body: bytes, secret: str = CONFIG["signing_key"]) -> Delivery:
    signed = _hmac(secret.encode(), b"n0nce." + body)
    return delivered(body, **{"Webhook-Signature": f"t=n0nce,s={signed}"})


def by_rapyd(body: bytes, secret: str = CONFIG["secret_key"], *, at: datetime = NOW) -> Delivery:
    salt, time = "123456789012", str(int(at.timestamp()))
    text = f"{URL}{salt}{time}{CONFIG['access_key']}{secret}".encode() + body
    signature = base64.b64encode(_hmac(secret.encode(), text).encode()).decode()
    return delivered(body, salt=salt, timestamp=time, signature=signature)


def by_nowpayments(body: bytes, secret: str = CONFIG["ipn_secret"].strip()) -> Delivery:
    """Of a body whose names are sorted and whose numbers are JavaScript's already."""
    return delivered(body, **{"x-nowpayments-sig": _hmac(secret.encode(), body, "sha512")})


def by_commercegate(body: bytes, secret: str = KEY) -> Delivery:
    vector = bytes(range(16))
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest().encode()
    sealer = Cipher(AES(bytes.fromhex(secret)), CBC(vector)).encryptor()
    sealed = sealer.update(digest + bytes([16] * 16)) + sealer.finalize()
    return delivered(body, signature=sealed.hex(), signatureInitVector=vector.hex())


def by_adyen_platform(body: bytes, secret: str = KEY) -> Delivery:
    made = hmac.new(bytes.fromhex(secret), body, "sha256").digest()
    return delivered(body, hmacsignature=base64.b64encode(made).decode())


def adyen_item(secret: str = KEY, **changes: Any) -> dict[str, Any]:
    """An item with its signature; ``changes`` are signed too."""
    item = {
        "additionalData": {"cardSummary": "1111"},
        "amount": {"currency": "USD", "value": 2500},
        "eventCode": "AUTHORISATION",
        "eventDate": "2026-01-15T12:00:00+01:00",
        "merchantAccountCode": "FanzECOM",
        "merchantReference": TOKEN,
        "pspReference": "X3GWNS6KJ8NKGK82",
        "reason": "",
        "success": "true",
        **changes,
    }
    amount = item["amount"]
    text = ":".join(
        str(each)
        for each in (
            item["pspReference"], item.get("originalReference", ""), item["merchantAccountCode"],
            item["merchantReference"], amount["value"], amount["currency"], item["eventCode"],
            item["success"],
        )
    )  # fmt: skip
    made = hmac.new(bytes.fromhex(secret), text.encode(), "sha256").digest()
    data = {**item["additionalData"], "hmacSignature": base64.b64encode(made).decode()}
    return {**item, "additionalData": data}


def by_adyen(*items: dict[str, Any]) -> Delivery:
    wrapped = [{"NotificationRequestItem": item} for item in items]
    return delivered(compact({"live": "false", "notificationItems": wrapped}))


IPN: dict[str, Any] = {
    "actually_paid": 0.001,
    "fee": {"currency": "btc", "depositFee": 0.01, "serviceFee": 0.00385, "withdrawalFee": 0},
    "invoice_id": 6060616802,
    "order_id": TOKEN,
    "outcome_amount": 0.00099,
    "outcome_currency": "btc",
    "parent_payment_id": None,
    "pay_amount": 0.001,
    "pay_currency": "btc",
    "payment_id": 5170245329,
    "payment_status": "finished",
    "price_amount": 25.5,
    "price_currency": "usd",
    "purchase_id": "4919950580",
    "updated_at": 1749522415506,
}
SETTLED: dict[str, Any] = {
    "deliveryId": "D-2",
    "webhookId": "W-1",
    "originalDeliveryId": "D-1",
    "isRedelivery": True,
    "type": "InvoiceSettled",
    "timestamp": 1768478400,
    "storeId": "M-1",
    "invoiceId": "INV-1",
    "metadata": {"orderId": TOKEN, "amount": "25.50", "currency": "USD"},
    "manuallyMarked": False,
    "overPaid": False,
}
SALE: dict[str, Any] = {
    "event_id": "E-1",
    "event_type": "transaction.sale.success",
    "event_body": {
        "merchant": {"id": "M-1"},
        "processor_id": "S-1",
        "transaction_id": "9876543210",
        "transaction_type": "cc",
        "condition": "pendingsettlement",
        "order_id": TOKEN,
        "currency": "USD",
        "customer_vault_id": "V-1",
        "card": {"cc_number": "411111******1111", "cc_exp": "1229", "cc_type": "visa",
                 "cc_bin": "411111"},
        "action": {"amount": "25.50", "action_type": "sale", "date": "20260115120000",
                   "success": "1", "response_text": "SUCCESS", "response_code": "100"},
    },
}  # fmt: skip
COMPLETED: dict[str, Any] = {
    "id": "wh_1",
    "type": "PAYMENT_COMPLETED",
    "data": {
        "id": "payment_1",
        "amount": 25.5,
        "currency_code": "USD",
        "status": "CLO",
        "merchant_reference_id": TOKEN,
        "customer_token": "cus_1",
        "payment_method": "card_1",
        "payment_method_data": {
            "last4": "1111", "expiration_month": "12", "expiration_year": "29",
            "bin_details": {"brand": "VISA", "bin_number": "411111", "country": "US"},
        },
    },
    "created_at": 1768478400,
}  # fmt: skip
SOLD: dict[str, Any] = {
    "type": "SALE",
    "status": "SUCCESS",
    "orderId": "O-1",
    "transactionId": "T-1",
    "externalId": TOKEN,
    "merchantId": "M-1",
    "merchantWebsiteId": "S-1",
    "amount": 2550,
    "currency": "USD",
    "date": "2026-01-15T12:00:00Z",
}


def older(**changes: str) -> bytes:
    """CommerceGate's older callback."""
    parts = {
        "transactiontype": "REFUND", "transactionid": "T-9", "transactionreferenceid": "T-1",
        "offername": "Offer", "offerid": "3", "amount": "25.50", "currency": "USD",
        "userid": "u", "userpw": "secret-pw", "email": "fan@example.com", "ip": "1.2.3.4",
        "countryiso": "US", "cardholder": "A B", "customerid": "M-1", "websiteid": "S-1",
        "op1": TOKEN, "op2": "O-1", "op3": "", "nmu": "", **changes,
    }  # fmt: skip
    return urlencode({"message": "#".join(parts.values())}).encode()


#: A true delivery of each gateway, and the same forged with another secret.
TRUE: dict[str, Callable[[], Delivery]] = {
    "adyen": lambda: by_adyen(adyen_item()),
    "btcpay": lambda: by_btcpay(compact(SETTLED)),
    "commercegate": lambda: by_commercegate(compact(SOLD)),
    "nmi": lambda: by_nmi(compact(SALE)),
    "nowpayments": lambda: by_nowpayments(compact(IPN)),
    "rapyd": lambda: by_rapyd(compact(COMPLETED)),
}
FORGED: dict[str, Callable[[], Delivery]] = {
    "adyen": lambda: by_adyen(adyen_item("00" * 32)),
    "btcpay": lambda: by_btcpay(compact(SETTLED), "another"),
    "commercegate": lambda: by_commercegate(compact(SOLD), "00" * 32),
    "nmi": lambda: by_nmi(compact(SALE), "another"),
    "nowpayments": lambda: by_nowpayments(compact(IPN), "another"),
    "rapyd": lambda: by_rapyd(compact(COMPLETED), "another"),
}
#: Sign any bytes as the gateway would.
SIGN: dict[str, Callable[[bytes], Delivery]] = {
    "adyen": by_adyen_platform,
    "btcpay": by_btcpay,
    "commercegate": by_commercegate,
    "nmi": by_nmi,
    "nowpayments": by_nowpayments,
    "rapyd": by_rapyd,
}
