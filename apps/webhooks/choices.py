"""The words of outgoing webhooks: what can be told, to whom, and how far it has come."""

from __future__ import annotations

from django.db.models import TextChoices


class Kind(TextChoices):
    """What front ends can be told. The names are part of the API and never change."""

    PAYMENT_CAPTURED = "payment.captured", "A payment was captured"
    PAYMENT_FAILED = "payment.failed", "A payment was declined"
    PAYMENT_CANCELLED = "payment.cancelled", "A payment was given up before anything was taken"
    PAYMENT_REFUNDED = "payment.refunded", "Money of a payment went back to the payer"
    PAYMENT_REFUND_BOUNCED = "payment.refund_bounced", "A refund did not reach the payer"
    PAYMENT_DISPUTED = "payment.disputed", "A bank asks, or has taken the money back"
    PAYMENT_DISPUTE_CLOSED = "payment.dispute_closed", "A dispute came to an end"
    PAYOUT_REQUESTED = "payout.requested", "A payout was requested"
    PAYOUT_PAID = "payout.paid", "A payout was paid"
    PAYOUT_FAILED = "payout.failed", "A payout failed"
    TEST = "endpoint.test", "A trial, sent by staff"


class EndpointState(TextChoices):
    ACTIVE = "ACTIVE", "Active"
    PAUSED = "PAUSED", "Paused by staff"
    DISABLED = "DISABLED", "Disabled: it failed for too long, or said it is gone"


class SendingState(TextChoices):
    WAITING = "WAITING", "Waits to be sent"
    DELIVERED = "DELIVERED", "Delivered"
    FAILED = "FAILED", "Given up"
