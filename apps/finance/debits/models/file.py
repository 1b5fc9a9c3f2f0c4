"""Files for the bank: made once, kept as they are, handed over once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.debits.choices import FileState, Scheme


class FileSequence(models.Model):
    """The counters of an account at our bank; its row is the lock of whoever makes a file."""

    merchant_account = models.OneToOneField(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    last_trace = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"traces up to {self.last_trace}"


class DebitFile(models.Model):
    """The exact bytes for the bank. A database trigger refuses to change or delete them."""

    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    scheme = models.CharField(max_length=4, choices=Scheme.choices)
    cut_off = models.DateTimeField()
    collect_on = models.DateField()
    name = models.CharField(max_length=80, unique=True)
    body = models.BinaryField()
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    entry_hash = models.CharField(max_length=10, blank=True)
    state = models.CharField(max_length=11, choices=FileState.choices, default=FileState.MADE)
    made_at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(
        max_length=35,
        blank=True,
        db_default="",
        help_text="MsgId of pain.008, by which a bank refuses it whole.",
    )
    problem = models.CharField(
        max_length=200, blank=True, db_default="", help_text="Why a person must look."
    )
    refused_at = models.DateTimeField(null=True, blank=True)
    handed_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        permissions = [
            ("approve_file", "Can approve files for the bank"),
            ("hand_over_file", "Can take approved files to the bank"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "cut_off"], name="debit_file_once_a_cut_off"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=[FileState.HANDED_OVER, FileState.REFUSED], handed_at__isnull=False
                )
                | (
                    ~Q(state__in=[FileState.HANDED_OVER, FileState.REFUSED])
                    & Q(handed_at__isnull=True)
                ),
                name="debit_file_handed_at",
            ),
            models.CheckConstraint(
                condition=Q(items__gt=0, total_minor__gte=0, size__gt=0),
                name="debit_file_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class FileItem(models.Model):
    """What stands in a file: one presentation of a debit, or the prenote of a mandate.

    Each stands in one file, ever. Rows are never changed.
    """

    file = models.ForeignKey(DebitFile, on_delete=models.PROTECT, related_name="entries")
    debit = models.ForeignKey(
        "debits.Debit",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        db_index=False,
    )
    mandate = models.ForeignKey(
        "debits.Mandate",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="prenotes",
        db_index=False,
        help_text="Of a prenote: an entry over nothing that proves the account.",
    )
    presentation = models.PositiveSmallIntegerField(default=1, db_default=1)
    number = models.PositiveIntegerField(help_text="1, 2, 3 … within the file.")
    reference = models.CharField(
        max_length=35, unique=True, help_text="By which a return names it: trace or EndToEndId."
    )
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="debit_file_item_number"),
            models.UniqueConstraint(
                fields=["debit", "presentation"],
                condition=Q(debit__isnull=False),
                name="debit_item_once_a_presentation",
            ),
            models.UniqueConstraint(
                fields=["mandate", "presentation"],
                condition=Q(mandate__isnull=False),
                name="prenote_once_a_presentation",
            ),
            models.CheckConstraint(
                condition=Q(debit__isnull=False, mandate__isnull=True, amount_minor__gt=0)
                | Q(debit__isnull=True, mandate__isnull=False, amount_minor=0),
                name="debit_item_of_one",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class FileApproval(models.Model):
    """Somebody of staff has looked at the file and agrees. Rows are never changed."""

    file = models.ForeignKey(DebitFile, on_delete=models.PROTECT, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "by"], name="debit_file_approved_once_each")
        ]

    def __str__(self) -> str:
        return f"{self.by} at {self.at}"


class FileCopy(models.Model):
    """One handing over of a file. The first follows from its approvals; another one is released
    by a second person, who made sure the bank has none."""

    file = models.ForeignKey(DebitFile, on_delete=models.PROTECT, related_name="copies")
    number = models.PositiveSmallIntegerField()
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    place = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="Where the machine put it; empty: taken by hand.",
    )
    placed_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it surely lies there."
    )
    problem = models.CharField(
        max_length=200, blank=True, db_default="", help_text="Why that is not sure."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="debit_file_copy_number")
        ]

    def __str__(self) -> str:
        return f"copy {self.number}"
