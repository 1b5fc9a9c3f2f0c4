"""Who and what is refused, until when, and why."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.risk.choices import ListKind


class BlockEntry(models.Model):
    """An entry of a block list. It is taken off, never edited or deleted while it may matter."""

    kind = models.CharField(max_length=20, choices=ListKind.choices)
    value = models.CharField(max_length=253, help_text="A card stands here as a keyed hash.")
    reason = models.CharField(max_length=300)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "block list entry"
        verbose_name_plural = "block list entries"
        permissions = [("edit_block_list", "Can add to and take off the block lists")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"],
                condition=Q(removed_at__isnull=True),
                name="risk_listed_once",
            ),
            models.CheckConstraint(condition=Q(kind__in=ListKind.values), name="risk_list_known"),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_kind_display()} {self.value[:12] if self.kind == 'CARD' else self.value}"
        )
