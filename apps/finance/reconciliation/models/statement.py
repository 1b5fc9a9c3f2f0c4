"""A statement, the file it came in, and its lines."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.reconciliation.choices import LIVE, State


class Statement(models.Model):
    """What another party says happened on one account in one period.

    Amounts rise where money comes to us. ``loaded_rows`` says how far the import has come; the
    lines count only when it is over. The last figures are kept up to date by ``services.settle``.
    """

    source = models.ForeignKey(
        "reconciliation.StatementSource", on_delete=models.PROTECT, related_name="statements"
    )
    period_start = models.DateField()
    period_end = models.DateField()
    opening_minor = models.BigIntegerField(null=True, blank=True)
    closing_minor = models.BigIntegerField(null=True, blank=True)
    file_name = models.CharField(max_length=200)
    file_sha256 = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    problems = models.JSONField(
        default=list, blank=True, help_text="Rows that could not be read, and why."
    )
    problem_count = models.PositiveIntegerField(default=0)
    loaded_rows = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    loaded_at = models.DateTimeField(null=True, blank=True)
    matched_at = models.DateTimeField(null=True, blank=True)
    line_count = models.PositiveIntegerField(default=0)
    matched_count = models.PositiveIntegerField(default=0)
    open_count = models.PositiveIntegerField(default=0, help_text="Open exceptions.")
    open_minor = models.BigIntegerField(default=0, help_text="What they differ by, in size.")

    class Meta:
        permissions = [
            ("import_statement", "Can import statements"),
            ("settle_exception", "Can match by hand and settle exceptions"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="reconciliation_statement_state_known"
            ),
            models.CheckConstraint(
                condition=Q(period_end__gte=F("period_start")), name="reconciliation_period_runs"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=LIVE)
                | Q(opening_minor__isnull=False, closing_minor__isnull=False),
                name="reconciliation_live_has_balances",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.COMPLETE) | Q(open_count=0),
                name="reconciliation_complete_has_nothing_open",
            ),
            models.UniqueConstraint(
                fields=["file_sha256"],
                condition=~Q(state=State.REFUSED),
                name="reconciliation_file_once",
            ),
        ]
        indexes = [
            models.Index(fields=["source", "-period_end", "-id"], name="recon_statements_of"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=[State.RECEIVED, State.LOADING, State.LOADED]),
                name="recon_statements_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source.name} {self.period_start} to {self.period_end}"

    def money(self, minor: int) -> Money:
        return Money(minor, self.source.currency)


class StatementChunk(models.Model):
    """A piece of the file as it came: any worker can read it, none holds all of it."""

    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="chunks")
    n = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "n"], name="reconciliation_chunk_order")
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}/{self.n}"


class StatementLine(models.Model):
    """One line of a statement. Only ``match`` changes, and never from one match to another.

    The keys have no constraint: lines come by the hundred thousand, and the triggers judge a
    whole statement at once (migrations/sql/guards.sql).
    """

    statement = models.ForeignKey(
        Statement,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="lines",
    )
    n = models.PositiveIntegerField(help_text="Row of the file.")
    booked_on = models.DateField()
    value_on = models.DateField()
    amount_minor = models.BigIntegerField(help_text="What it adds to the account's balance.")
    fee_minor = models.BigIntegerField(default=0, help_text="Kept by the other side within it.")
    compared_minor = models.BigIntegerField(help_text="What should stand in the books.")
    reference = models.CharField(max_length=140, blank=True)
    counterparty = models.CharField(max_length=140, blank=True)
    text = models.CharField(max_length=300, blank=True)
    match = models.ForeignKey(
        "reconciliation.Match",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="lines",
    )
    by_hand_only = models.BooleanField(
        default=False, help_text="A match of it was undone: the machine leaves it alone."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "n"], name="reconciliation_line_row"),
        ]
        indexes = [
            models.Index(fields=["match"], name="recon_line_match", condition=Q(match__gt=0)),
            models.Index(
                fields=["reference"], name="recon_line_reference", condition=Q(reference__gt="")
            ),
            models.Index(
                fields=["statement", "compared_minor", "booked_on"],
                name="recon_line_open",
                condition=Q(match__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.n}"
