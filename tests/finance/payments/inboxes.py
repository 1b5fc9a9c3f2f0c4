"""What a gateway that signs each piece of news delivers: for the tests of the inbox."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from apps.finance.payments import services as payments
from apps.finance.payments.adapters.adyen_webhooks import item_signature
from apps.finance.payments.models import Transaction

KEY, OTHER_KEY = "0a" * 32, "0b" * 32
SETS = {
    "adyen": {
        "api_url": "https://adyen.example",
        "api_key": "of-no-use",
        "hmac_key": KEY,
        "webhook_token": "adyen-door",
    },
    "adyen-boyfanz": {
        "api_url": "https://adyen.example",
        "api_key": "of-no-use",
        "hmac_key": OTHER_KEY,
        "webhook_token": "boyfanz-door",
    },
}


def item(
    transaction: Transaction,
    event: str = "AUTHORISATION",
    *,
    success: bool = True,
    reference: str = "",
    original: str = "",
    minor: int | None = None,
    key: str = KEY,
    account: str = "FanzECOM",
    **extra: str,
) -> dict[str, Any]:
    """One signed piece of news about a payment."""
    fields: dict[str, Any] = {
        "pspReference": reference or f"PSP{transaction.pk}",
        "originalReference": original,
        "merchantAccountCode": account,
        "merchantReference": str(transaction.public_id),
        "amount": {
            "value": transaction.amount_minor if minor is None else minor,
            "currency": transaction.currency,
        },
        "eventCode": event,
        "success": "true" if success else "false",
        "eventDate": "2026-01-15T12:00:00+00:00",
        "reason": "",
    }
    signature = item_signature(fields, key=key)
    return fields | {"additionalData": {"hmacSignature": signature, **extra}}


def deliver(*items: dict[str, Any], now: datetime, credentials: str = "") -> int:
    """Store one delivery that tells all of them."""
    body = {"live": "true", "notificationItems": [{"NotificationRequestItem": i} for i in items]}
    return payments.receive_webhook(
        gateway="adyen",
        credentials=credentials,
        query={},
        headers={"Content-Type": "application/json"},
        body=json.dumps(body).encode(),
        remote_ip="203.0.113.5",
        now=now,
    )
