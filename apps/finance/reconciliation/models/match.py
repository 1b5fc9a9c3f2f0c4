"""Our side of the comparison, and what was found to belong together."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.reconciliation.choices import Rule


class Match(models.Model):
    """Lines and book items that are the same money. A mistake is undone, never deleted.

    The database holds that both sides agree but for ``difference_minor``, and that a line or an
    item has one match at a time (migrations/sql/guards.sql).
    """

    source = models.ForeignKey(
        "reconciliation.StatementSource",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    statement = models.ForeignKey(
        "reconciliation.Statement",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="matches",
    )
    rule = models.CharField(max_length=20, choices=Rule.choices)
    difference_minor = models.BigIntegerField(default=0, help_text="Lines less book items.")
    matched_at = models.DateTimeField()
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        help_text="Empty: the platform.",
    )
    reason = models.CharField(max_length=500, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
    )
    undo_reason = models.CharField(max_length=500, blank=True)
    undone_parts = models.JSONField(default=dict, blank=True, help_text="What it held.")

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="reconciliation_undone_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(rule__in=Rule.values), name="reconciliation_rule_known"
            ),
        ]
        indexes = [models.Index(fields=["statement", "rule", "id"], name="recon_matches_of")]

    def __str__(self) -> str:
        return f"match {self.pk}"


class BookItem(models.Model):
    """A line of the ledger on a proved account, as it stands there, with its outside name.

    A copy is safe: lines of the ledger never change. Only ``match`` does here.
    """

    source = models.ForeignKey(
        "reconciliation.StatementSource",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    entry_id = models.BigIntegerField()
    n = models.SmallIntegerField()
    amount_minor = models.BigIntegerField(help_text="Debit positive.")
    effective_on = models.DateField()
    event = models.CharField(max_length=120, help_text="The entry's source.")
    reference = models.CharField(max_length=140, blank=True, help_text="The other side's name.")
    match = models.ForeignKey(
        Match,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="items",
    )
    by_hand_only = models.BooleanField(
        default=False, help_text="A match of it was undone: the machine leaves it alone."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entry_id", "n"], name="reconciliation_item_once"),
        ]
        indexes = [
            models.Index(fields=["match"], name="recon_item_match", condition=Q(match__gt=0)),
            models.Index(
                fields=["reference"], name="recon_item_reference", condition=Q(reference__gt="")
            ),
            models.Index(fields=["source", "effective_on", "id"], name="recon_items_of"),
            models.Index(
                fields=["source", "amount_minor", "effective_on"],
                name="recon_item_open",
                condition=Q(match__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event}/{self.n}"
