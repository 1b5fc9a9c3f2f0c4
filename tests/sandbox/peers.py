"""Requests to the peers, signed by our own hand: neither the adapters' code nor the peers'."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox import accounts
from tests.sandbox.control import Sandbox

SECRETS = accounts.credentials("")


def call(
    sandbox: Sandbox, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any]:
    """Send JSON (or text as it is); return the status and the answer, read as JSON."""
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    connection = HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(
            method, path, text or None, {"Content-Type": "application/json", **given}
        )
        answer = connection.getresponse()
        said = answer.read().decode()
        return answer.status, json.loads(said) if said else None
    finally:
        connection.close()


def rapyd(
    sandbox: Sandbox, method: str, path: str, body: str = "", *, old: int = 0, name: str = "rapyd"
) -> tuple[int, Any]:
    """Send a signed call to Rapyd, ``old`` seconds after it was signed."""
    secrets, salt, at = SECRETS[name], "salt12345678", str(int(time.time()) - old)
    text = method.lower() + path + salt + at + secrets["access_key"] + secrets["secret_key"] + body
    made = hmac.new(secrets["secret_key"].encode(), text.encode(), hashlib.sha256).hexdigest()
    head = {"salt": salt, "timestamp": at, "signature": base64.b64encode(made.encode()).decode()}
    connection = HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)
    try:
        kind = {"Content-Type": "application/json", "access_key": secrets["access_key"]}
        connection.request(method, path, body or None, {**kind, **head})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def epoch_link(*, name: str = "epoch", **changed: str) -> str:
    """Return a signed join link, then change it."""
    fields = {
        "api": "join",
        "pi_code": "join-1",
        "auth_amount": "25.00",
        "currency": "USD",
        "x_order": "order-1",
        "pi_returnurl": "https://fanz.example/back/",
    }
    text = "".join(f"{key}{fields[key]}" for key in sorted(fields))
    made = hmac.new(SECRETS[name]["secret"].encode(), text.encode(), hashlib.md5).hexdigest()
    query = urlencode({**fields, "epoch_digest": made, **changed})
    return f"/epoch/secure/services/?{query}"


def verotel_link(**changed: str) -> str:
    """Return a signed order link, then change it."""
    fields = {
        "version": "4",
        "shopID": "68849",
        "type": "purchase",
        "priceAmount": "25.00",
        "priceCurrency": "USD",
        "description": "Tip",
        "referenceID": "order-1",
        "successURL": "https://fanz.example/paid/",
        "declineURL": "https://fanz.example/declined/",
    }
    pairs = [f"{key}={fields[key]}" for key in sorted(fields)]
    text = ":".join([SECRETS["verotel"]["secret"], *pairs])
    made = hashlib.sha256(text.encode()).hexdigest()
    return f"/verotel/startorder?{urlencode({**fields, 'signature': made, **changed})}"


def adyen_link(sandbox: Sandbox, key: str = "", **changed: Any) -> tuple[int, Any]:
    """Ask Adyen for a payment link."""
    body = {
        "reference": "order-1",
        "merchantAccount": "FanzECOM",
        "amount": {"value": 2500, "currency": "USD"},
        "returnUrl": "https://fanz.example/back/",
        **changed,
    }
    head = {"Idempotency-Key": key} if key else {}
    return call(
        sandbox,
        "POST",
        "/adyen/v71/paymentLinks",
        body,
        **{"X-API-Key": SECRETS["adyen"]["api_key"], **head},
    )
