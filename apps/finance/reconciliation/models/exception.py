"""What does not agree, and what was decided about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.reconciliation.choices import Progress, Type


class ReconciliationException(models.Model):
    """A line, a book item, a pair of both, or a late match, that a person must look at.

    ``difference_minor`` is what the statement has more than the books. While one is open or
    accepted, its line or item is in no other: the database holds it. What it names never goes
    away (migrations/sql/guards.sql), so the keys need no constraint.
    """

    statement = models.ForeignKey(
        "reconciliation.Statement", on_delete=models.PROTECT, related_name="exceptions"
    )
    type = models.CharField(max_length=10, choices=Type.choices)
    line = models.ForeignKey(
        "reconciliation.StatementLine",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="exceptions",
    )
    item = models.ForeignKey(
        "reconciliation.BookItem",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="exceptions",
    )
    match = models.ForeignKey(
        "reconciliation.Match",
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="exceptions",
    )
    difference_minor = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=Progress.choices, default=Progress.OPEN)
    found_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="Empty: the platform.",
    )
    reason = models.CharField(max_length=500, blank=True)
    entry_source = models.CharField(
        max_length=120, blank=True, help_text="The journal entry that settled it."
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
    )
    proposal = models.JSONField(
        default=dict, blank=True, help_text="What the first person wants; a second must agree."
    )

    class Meta:
        db_table = "reconciliation_exception"
        verbose_name = "exception"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    type__in=[Type.EXTRA, Type.DUPLICATE], line__gt=0, item=None, match=None
                )
                | Q(type=Type.MISSING, line=None, item__gt=0, match=None)
                | Q(type=Type.DIFFERENT, line__gt=0, item__gt=0, match=None)
                | Q(type=Type.LATE, line=None, item=None, match__gt=0),
                name="reconciliation_exception_names_its_parts",
            ),
            models.CheckConstraint(
                condition=Q(state=Progress.OPEN, decided_at=None)
                | (~Q(state=Progress.OPEN) & Q(decided_at__isnull=False)),
                name="reconciliation_exception_decided_at",
            ),
            *(
                models.UniqueConstraint(
                    fields=[part],
                    condition=Q(state__in=[Progress.OPEN, Progress.ACCEPTED])
                    & Q(**{f"{part}__isnull": False}),
                    name=f"reconciliation_{part}_in_one_exception",
                )
                for part in ("line", "item", "match")
            ),
        ]
        indexes = [
            models.Index(
                fields=["found_at", "id"],
                condition=Q(state=Progress.OPEN),
                name="recon_exceptions_open",
            ),
            models.Index(fields=["statement", "state", "id"], name="recon_exceptions_of"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} #{self.pk}"
