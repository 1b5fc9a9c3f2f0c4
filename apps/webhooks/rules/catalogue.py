"""What each kind of message says, by example: the page for who writes a receiver is made of it."""

from __future__ import annotations

from typing import Any

from apps.webhooks.choices import Kind

_USD_25 = {"amount": "25.00", "currency": "USD"}
_NOTHING = {"amount": "0.00", "currency": "USD"}


def _payment(status: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "0b7f6a52-3c1e-4c7e-9a52-6f1f0f6c2b11",
        "kind": "TIP",
        "method": "CARD",
        "status": status,
        "amount": _USD_25,
        "refunded": _NOTHING,
        "payer": "fan-1a2b3c",
        "creator": "demo-creator",
        "failure_reason": "",
        "subject": "",
        "occasion": "",
        **changes,
    }


def _refund(status: str, payment: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "5d1c3f0e-2f57-4a0f-8a5f-9d3f2c7b6e21",
        "status": status,
        "amount": _USD_25,
        "destination": "GATEWAY",
        "payment": payment,
    }


def _dispute(stage: str, payment: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "e3a9c1d4-7b60-4f0e-b1a3-2c5d8f9e0a31",
        "stage": stage,
        "amount": _USD_25,
        "reason": "Other fraud, card absent",
        "due_at": "2026-02-01T12:00:00+00:00",
        "payment": payment,
    }


def _payout(status: str) -> dict[str, Any]:
    return {
        "id": "9f4b2a7c-1d3e-4b5a-8c6d-7e8f9a0b1c41",
        "rail": "paxum",
        "status": status,
        "amount": {"amount": "120.00", "currency": "USD"},
        "reference": "9f4b2a7c1d3e4b5a8c6d7e8f9a0b1c41",
        "creator": "demo-creator",
    }


#: The ``data`` of each kind. A test holds them to the fields that are really sent.
EXAMPLES: dict[Kind, dict[str, Any]] = {
    Kind.PAYMENT_CAPTURED: _payment("CAPTURED"),
    Kind.PAYMENT_FAILED: _payment("FAILED", failure_reason="The card was declined"),
    Kind.PAYMENT_CANCELLED: _payment("CANCELLED"),
    Kind.PAYMENT_REFUNDED: _refund("DONE", _payment("REFUNDED", refunded=_USD_25)),
    Kind.PAYMENT_REFUND_BOUNCED: _refund("FAILED", _payment("CAPTURED")),
    Kind.PAYMENT_DISPUTED: _dispute("CHARGEBACK", _payment("DISPUTED")),
    Kind.PAYMENT_DISPUTE_CLOSED: _dispute("WON", _payment("CAPTURED")),
    Kind.PAYOUT_REQUESTED: _payout("REQUESTED"),
    Kind.PAYOUT_PAID: _payout("PAID"),
    Kind.PAYOUT_FAILED: _payout("FAILED"),
    Kind.TEST: {"endpoint": "https://shop.example/webhooks"},
}
