"""How fans ask the API, for its tests."""

from __future__ import annotations

import itertools

from rest_framework.test import APIClient

from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors

_keys = itertools.count(1)
ROOT = "/api/v1/subscriptions/"


def client_of(profile):
    client = APIClient(headers={"host": "boyfanz.localhost"})
    client.force_authenticate(profile.user)
    return client


def wallet_of(fan):
    return ledger_selectors.balance_of(postings.wallet(fan.pk), "USD")


def quoted(api, price, **more):
    return api.get(f"{ROOT}quote/", {"price": str(price.public_id), **more})


def subscribe(api, price, *, key="k-1", **changes):
    quote = quoted(api, price).json()
    body = {
        "price": str(price.public_id),
        "method": "WALLET",
        "terms_hash": quote.get("terms_hash", "0" * 64),
        "total": quote.get("total", {"amount": "12.00", "currency": "USD"}),
    }
    return api.post(ROOT, body | changes, format="json", headers={"idempotency-key": key})


def one(subscription, path=""):
    return f"{ROOT}{subscription.public_id}/{path}"


def go_on(api, subscription, verb, *, key="", **body):
    """Resume or try again (``verb``), with the total that was seen."""
    key = key or f"key-{next(_keys)}"
    headers = {"idempotency-key": key}
    return api.post(one(subscription, verb), body, format="json", headers=headers)


def pay_with(api, subscription, **body):
    headers = {"idempotency-key": f"key-{next(_keys)}"}
    path = one(subscription, "payment-method/")
    return api.put(path, body, format="json", headers=headers)
