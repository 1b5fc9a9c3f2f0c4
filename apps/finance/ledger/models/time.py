"""The books over time: totals, snapshots, and how far both have come (migrations/sql/time*.sql).

Everything here follows from lines and can be made again from them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.finance.ledger.models.account import Account


class Bookmark(models.Model):
    """How far totals and chain have come; one row.

    Entries to ``low_id`` are in them. Those to ``pending_id`` follow as soon as every transaction
    older than ``pending_xid`` has ended, because none of these ids can then still appear.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    low_id = models.BigIntegerField(default=0)
    pending_id = models.BigIntegerField(default=0)
    pending_xid = models.BigIntegerField(default=0)
    rolled_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="ledger_bookmark_is_one"),
            models.CheckConstraint(
                condition=Q(low_id__gte=0, pending_id__gte=models.F("low_id")),
                name="ledger_bookmark_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"to {self.low_id}"


class Block(models.Model):
    """A link of the hash chain over entries: ids ``first_id`` to ``last_id``. Append-only.

    The text that is hashed is documented in docs/adr/0018-hash-chain-behind-the-postings.md.
    """

    number = models.BigIntegerField(primary_key=True)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField(unique=True)
    entries = models.BigIntegerField()
    newest_posted_at = models.DateTimeField(
        help_text="No entry of this block or of one before it was posted later."
    )
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    built_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["newest_posted_at"], name="ledger_block_by_time")]

    def __str__(self) -> str:
        return f"block {self.number}: {self.first_id} to {self.last_id}"


class Sums(models.Model):
    """Debits and credits in smallest units, both positive."""

    debits_minor = models.BigIntegerField()
    credits_minor = models.BigIntegerField()

    class Meta:
        abstract = True


class OfCode(Sums):
    """Keyed by chart code. ``owner`` is empty for the accounts of people, which are summed."""

    code = models.CharField(max_length=10)
    owner = models.CharField(max_length=80, blank=True)
    currency = models.CharField(max_length=5)
    cluster = models.CharField(max_length=50, blank=True)

    class Meta:
        abstract = True


class DayTotal(OfCode):
    """What entries of one kind moved on one code on one accounting day."""

    pk = models.CompositePrimaryKey("day", "code", "owner", "currency", "cluster", "kind")
    day = models.DateField()
    kind = models.CharField(max_length=30)
    lines = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} {self.code} {self.kind}"


class MonthTotal(OfCode):
    """What entries of one kind moved on one code in one month."""

    pk = models.CompositePrimaryKey("month", "code", "owner", "currency", "cluster", "kind")
    month = models.DateField()
    kind = models.CharField(max_length=30)
    lines = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.code} {self.kind}"


class AccountTotal(Sums):
    """What entries of one kind moved on one account in one month."""

    pk = models.CompositePrimaryKey("account_id", "month", "cluster", "kind")
    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="totals",
    )
    month = models.DateField()
    cluster = models.CharField(max_length=50, blank=True)
    kind = models.CharField(max_length=30)
    lines = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["month"], name="ledger_accounttotal_of_month")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m} {self.kind}"


class CodeSnapshot(OfCode):
    """All that stood on one code at the end of a closed month."""

    pk = models.CompositePrimaryKey("month", "code", "owner", "currency", "cluster")
    month = models.DateField()

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.code}"


class AccountSnapshot(Sums):
    """All that stood on one account at the end of a closed month in which it moved."""

    pk = models.CompositePrimaryKey("account_id", "month")
    account = models.ForeignKey(
        Account,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="snapshots",
    )
    month = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["month"], name="ledger_snapshot_of_month")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month:%Y-%m}"
