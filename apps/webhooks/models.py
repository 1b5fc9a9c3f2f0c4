"""Tables of outgoing webhooks."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.webhooks.choices import EndpointState, Kind, SendingState


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(12)}"


class Endpoint(models.Model):
    """An address of a brand's front end that is told what happens on the brand."""

    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=120, blank=True)
    kinds = ArrayField(
        models.CharField(max_length=40, choices=Kind.choices), help_text="What it is told."
    )
    state = models.CharField(
        max_length=10, choices=EndpointState.choices, default=EndpointState.ACTIVE
    )
    sealed_secret = models.TextField(help_text="Encrypted; shown once, when it is made.")
    sealed_old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()

    class Meta:
        permissions = [("manage_endpoint", "Can open, change and pause webhook endpoints")]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "url"], name="endpoint_once_per_brand"),
            models.CheckConstraint(
                condition=Q(state__in=EndpointState.values), name="endpoint_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.url


class Message(models.Model):
    """Something told, in the exact bytes that are signed."""

    public_id = models.CharField(max_length=40, unique=True, default=new_message_id)
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40, choices=Kind.choices)
    body = models.TextField()
    source = models.CharField(
        max_length=60, unique=True, help_text="What it was made of: made once, however often told."
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at", "id"], name="webhook_message_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class Sending(models.Model):
    """A message on its way to one endpoint."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="sendings")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="sendings")
    state = models.CharField(
        max_length=10, choices=SendingState.choices, default=SendingState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    last_answer = models.CharField(max_length=120, blank=True)

    class Meta:
        permissions = [("resend_message", "Can have a message sent again")]
        constraints = [
            models.UniqueConstraint(fields=["message", "endpoint"], name="sending_once"),
            models.CheckConstraint(
                condition=Q(state__in=SendingState.values), name="sending_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state=SendingState.WAITING),
                name="sending_due",
            ),
            models.Index(fields=["endpoint", "-id"], name="sending_of_endpoint"),
            models.Index(
                fields=["-id"], condition=Q(state=SendingState.FAILED), name="sending_failed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message} to {self.endpoint}"


class Attempt(models.Model):
    """One try, and what was answered: the delivery log."""

    sending = models.ForeignKey(Sending, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    milliseconds = models.PositiveIntegerField()
    answer = models.CharField(max_length=500, blank=True, help_text="The beginning of it.")

    class Meta:
        indexes = [models.Index(fields=["sending", "id"], name="attempt_of_sending")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.answer}"
