"""What the checks of the books found."""

from __future__ import annotations

from django.db import models

from apps.finance.ledger.choices import CheckScope


class BooksCheck(models.Model):
    """One run of the check that proves the books; ``findings`` is empty when they are right.

    A slice goes on where the last one ended: after entry ``new_to_id`` with what is new, after
    entry ``old_to_id`` and account ``account_to_id`` with the rest, and round again at the end.
    """

    checked_at = models.DateTimeField()
    ok = models.BooleanField()
    scope = models.CharField(max_length=5, choices=CheckScope.choices, default=CheckScope.FULL)
    entries = models.BigIntegerField()
    lines = models.BigIntegerField()
    findings = models.JSONField(default=list, blank=True)
    new_to_id = models.BigIntegerField(default=0)
    old_to_id = models.BigIntegerField(default=0)
    account_to_id = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-checked_at", "-id"], name="ledger_check_newest")]

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} {'ok' if self.ok else 'NOT OK'}"
