"""The inbox: what gateways told us, as they told it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.payments.choices import Gateway, WebhookStatus


class WebhookEvent(models.Model):
    """One delivery, stored raw before anything is believed (PAY-7).

    ``dedupe_key`` is set only once the delivery has proved authentic, so that a forger
    cannot take the place of a true one; two processed deliveries never share a key.
    """

    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    query = models.JSONField(default=dict)
    headers = models.JSONField(default=dict, help_text="Only the harmless ones.")
    body = models.BinaryField()
    remote_ip = models.GenericIPAddressField(null=True, blank=True)
    received_at = models.DateTimeField()
    event_type = models.CharField(max_length=40, blank=True)
    status = models.CharField(
        max_length=12, choices=WebhookStatus.choices, default=WebhookStatus.RECEIVED
    )
    dedupe_key = models.CharField(max_length=120, blank=True)
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    transaction = models.ForeignKey(
        "payments.Transaction",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="webhooks",
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, help_text="Why it is not processed.")

    class Meta:
        permissions = [("replay_webhook", "Can replay stored webhooks")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=WebhookStatus.values), name="webhook_status_known"
            ),
            models.UniqueConstraint(
                fields=["gateway", "dedupe_key"],
                condition=Q(status=WebhookStatus.PROCESSED),
                name="webhook_processed_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(status=WebhookStatus.RECEIVED),
                name="webhook_to_process",
            ),
            models.Index(fields=["-received_at", "-id"], name="webhook_newest"),
            models.Index(
                fields=["received_at", "id"],
                condition=Q(status=WebhookStatus.PARKED),
                name="webhook_parked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_type or '?'} #{self.pk} {self.status}"
