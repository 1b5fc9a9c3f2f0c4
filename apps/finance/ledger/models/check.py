"""What the checks of the books found."""

from __future__ import annotations

from django.db import models


class BooksCheck(models.Model):
    """One run of the check that proves the books; ``findings`` is empty when they are right."""

    checked_at = models.DateTimeField()
    ok = models.BooleanField()
    entries = models.BigIntegerField()
    lines = models.BigIntegerField()
    findings = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-checked_at", "-id"], name="ledger_check_newest")]

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} {'ok' if self.ok else 'NOT OK'}"
