"""The inbox: what gateways told us, as they told it, and what each piece of news did."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.payments.choices import (
    HEARD,
    WEBHOOK_TROUBLE,
    CardData,
    Gateway,
    NoticeOutcome,
    WebhookStatus,
)
from apps.finance.payments.models.transaction import REFERENCE_LENGTH

KEY_LENGTH, TEXT_LENGTH = 120, 300
_TROUBLE = sorted(status.value for status in WEBHOOK_TROUBLE)
_HEARD = sorted(outcome.value for outcome in HEARD)


class WebhookEvent(models.Model):
    """One delivery, stored raw before anything is believed (PAY-7).

    After its time what came is emptied (``emptied_at``): the fact and the hash of the body stay.
    """

    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    credentials = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="Which set of secrets its address is of; empty: the one of the gateway's name.",
    )
    method = models.CharField(max_length=6, default="POST", db_default="POST")
    query = models.JSONField(default=dict)
    raw_query = models.TextField(
        blank=True, default="", db_default="", help_text="As it came: some sign its order."
    )
    headers = models.JSONField(default=dict, help_text="Passwords in them are sealed.")
    body = models.BinaryField()
    card_data = models.CharField(
        max_length=6,
        choices=CardData.choices,
        blank=True,
        default=CardData.NONE,
        db_default="",
        help_text="What may hold a card number is sealed until it is heard, then hidden.",
    )
    remote_ip = models.GenericIPAddressField(null=True, blank=True)
    received_at = models.DateTimeField()
    event_type = models.CharField(max_length=40, blank=True)
    status = models.CharField(
        max_length=12, choices=WebhookStatus.choices, default=WebhookStatus.RECEIVED
    )
    dedupe_key = models.CharField(
        max_length=KEY_LENGTH, blank=True, help_text="Of its first news, once that is proved."
    )
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
    error = models.CharField(
        max_length=TEXT_LENGTH, blank=True, help_text="Why it is not processed."
    )
    body_sha256 = models.BinaryField(null=True, blank=True, help_text="Of an emptied body.")
    emptied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("replay_webhook", "Can replay, park and ignore stored webhooks")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=WebhookStatus.values), name="webhook_status_known"
            ),
            models.CheckConstraint(
                condition=Q(emptied_at__isnull=True) | Q(body_sha256__isnull=False),
                name="webhook_emptied_has_hash",
            ),
            models.CheckConstraint(
                condition=Q(card_data__in=[CardData.NONE, CardData.HIDDEN])
                | Q(card_data=CardData.SEALED, status=WebhookStatus.RECEIVED),
                name="webhook_sealed_while_it_waits",
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
                fields=["status", "-received_at", "-id"],
                condition=Q(status__in=_TROUBLE),
                name="webhook_trouble",
            ),
            models.Index(
                fields=["processed_at", "id"],
                condition=Q(emptied_at__isnull=True, processed_at__isnull=False),
                name="webhook_to_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event_type or '?'} #{self.pk} {self.status}"


class WebhookNotice(models.Model):
    """One piece of news in an authentic delivery, and what became of it.

    News that was heard is heard once: no two rows of ``HEARD`` share a gateway and key.
    """

    webhook = models.ForeignKey(WebhookEvent, on_delete=models.PROTECT, related_name="notices")
    number = models.PositiveSmallIntegerField(help_text="Its place in the delivery, from 1.")
    gateway = models.CharField(max_length=20, choices=Gateway.choices)
    dedupe_key = models.CharField(max_length=KEY_LENGTH)
    event_type = models.CharField(max_length=40)
    told = models.CharField(max_length=20, blank=True)
    transaction = models.ForeignKey(
        "payments.Transaction",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
    )
    reference = models.CharField(max_length=REFERENCE_LENGTH, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=5, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=NoticeOutcome.choices)
    text = models.CharField(max_length=TEXT_LENGTH, blank=True)
    repeats = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    at = models.DateTimeField()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["webhook", "number"], name="notice_number"),
            models.UniqueConstraint(
                fields=["gateway", "dedupe_key"],
                condition=Q(outcome__in=_HEARD),
                name="notice_heard_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=NoticeOutcome.values), name="notice_outcome_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["repeats"], condition=Q(repeats__isnull=False), name="notice_repeats"
            )
        ]

    def __str__(self) -> str:
        return f"#{self.webhook_id}.{self.number} {self.event_type}: {self.outcome}"
