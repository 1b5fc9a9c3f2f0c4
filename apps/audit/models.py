"""The record of who did what, and the links that make a change to it visible."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditRecord(models.Model):
    """One deed. Written once: the database refuses every change except sealing it."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    actor_label = models.CharField(max_length=254, help_text="As the actor was called then.")
    action = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=100, blank=True)
    subject_id = models.CharField(max_length=100, blank=True)
    cluster = models.CharField(max_length=30, blank=True, help_text="Slug of the brand, or empty.")
    reason = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    #: Place in the chain, set once by sealing; without gaps, unlike the primary key.
    number = models.BigIntegerField(null=True, unique=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "id"], name="audit_of_subject"),
            models.Index(fields=["actor", "id"], name="audit_of_actor"),
            models.Index(fields=["action", "id"], name="audit_of_action"),
            models.Index(
                fields=["id"], condition=models.Q(number__isnull=True), name="audit_to_seal"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.action}"


class ChainHead(models.Model):
    """Where the chain ended after each sealing: a cut tail no longer reaches the last one.

    Append-only as well; the newest is also logged, so that a copy lies outside the database.
    """

    at = models.DateTimeField()
    number = models.BigIntegerField(unique=True)
    hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"
