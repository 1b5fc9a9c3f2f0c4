"""The journal: entries and their lines."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.ledger.choices import EntryKind
from apps.finance.ledger.models.account import Account

#: The days of the books, as the trigger on lines judges them: no infinity, no slip of a key.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


class Entry(models.Model):
    """One business event in the books: at least two lines, zero in every currency. Append-only.

    Its rules are held by the triggers on lines (migrations/sql/guards_triggers.sql), also those
    that could be CHECKs: PostgreSQL reads the text of a CHECK anew for every statement.
    """

    kind = models.CharField(max_length=30, choices=EntryKind.choices)
    source = models.CharField(max_length=120, help_text="The event, once for ever.")
    request_hash = models.BinaryField(max_length=32, help_text="SHA-256 of what was asked.")
    line_count = models.SmallIntegerField()
    cluster = models.CharField(max_length=50, blank=True, help_text="Slug of the brand.")
    effective_on = models.DateField(help_text="The accounting date.")
    posted_at = models.DateTimeField()
    reverses = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="reversed_by",
    )
    corrects = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="corrected_by",
        help_text="The entry of which this takes back a part.",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="+",
    )
    memo = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            # Not unique=True, which on text brings a second index for LIKE.
            models.UniqueConstraint(fields=["source"], name="ledger_entry_source_once"),
            models.UniqueConstraint(
                fields=["reverses"],
                condition=Q(reverses__isnull=False),
                name="ledger_entry_reversed_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["corrects"],
                condition=Q(corrects__isnull=False),
                name="ledger_entry_corrections",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.source}"

    @property
    def number(self) -> str:
        """The number people use. Unique, rising, not gapless: nothing queues for it."""
        return number_of(self.pk, self.effective_on.year)


class Line(models.Model):
    """One amount on one account. Debit positive. Append-only.

    The keys have no constraint: checking one row at a time halves the speed of a batch. The
    trigger on this table refuses what they would refuse, for a whole statement at once.
    """

    pk = models.CompositePrimaryKey("entry_id", "n")
    entry = models.ForeignKey(
        Entry,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="lines",
    )
    n = models.SmallIntegerField()
    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="lines",
    )
    amount_minor = models.BigIntegerField(help_text="Debit positive, in the smallest unit.")
    currency = models.CharField(max_length=5)
    effective_on = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "entry"], name="ledger_line_of_account"),
            # Lines lie on disk in the order of their days: a few bytes find a period's pages.
            BrinIndex(fields=["effective_on"], name="ledger_line_by_day", autosummarize=True),
        ]

    def __str__(self) -> str:
        side = "Dr" if self.amount_minor > 0 else "Cr"
        return f"{side} {self.account} {Money(abs(self.amount_minor), self.currency)}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def number_of(entry_id: int, year: int) -> str:
    """Return the number people use for an entry: ``JE-2026-000042``."""
    return f"JE-{year}-{entry_id:06d}"
