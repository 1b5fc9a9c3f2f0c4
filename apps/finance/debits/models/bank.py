"""Files of the bank, and what each line of them tells."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.finance.debits.choices import Format, FoundState, ItemKind, ItemState


class BankFile(models.Model):
    """A file of the bank's that was read. The same bytes are taken once."""

    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    format = models.CharField(max_length=8, choices=Format.choices)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    items = models.PositiveIntegerField(default=0)
    repeats = models.PositiveIntegerField(default=0, help_text="Told by an earlier file.")
    received_at = models.DateTimeField()
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the machine found it at the bank.",
    )

    class Meta:
        permissions = [("take_bankfile", "Can upload files of the bank")]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "sha256"], name="bank_file_taken_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class BankItem(models.Model):
    """One piece of news. ``key`` is its identity at the bank, so it is heard once.

    ``sealed`` holds corrected account data of a notification of change, nothing else does.
    """

    file = models.ForeignKey(BankFile, on_delete=models.PROTECT, related_name="news")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=ItemKind.choices)
    key = models.CharField(max_length=120, unique=True)
    reference = models.CharField(max_length=35, blank=True)
    code = models.CharField(max_length=4, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=5, blank=True)
    text = models.CharField(max_length=200, blank=True)
    sealed = models.TextField(blank=True)
    state = models.CharField(max_length=7, choices=ItemState.choices, default=ItemState.WAITING)
    why = models.CharField(max_length=200, blank=True)
    debit = models.ForeignKey(
        "debits.Debit", on_delete=models.PROTECT, null=True, blank=True, related_name="news"
    )
    transfer = models.ForeignKey(
        "debits.Transfer", on_delete=models.PROTECT, null=True, blank=True, related_name="news"
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("settle_bankitem", "Can settle news of the bank")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ItemState.WAITING, applied_at__isnull=True)
                | (~Q(state=ItemState.WAITING) & Q(applied_at__isnull=False)),
                name="bank_item_applied_at",
            ),
            models.CheckConstraint(
                condition=~Q(state=ItemState.QUEUED) | ~Q(why=""), name="bank_item_says_why"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(state=ItemState.WAITING), name="bank_item_waiting"
            ),
            models.Index(
                fields=["-id"], condition=Q(state=ItemState.QUEUED), name="bank_item_queued"
            ),
            models.Index(fields=["file", "number"], name="bank_item_of_file"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code} {self.reference}".strip()


class FoundFile(models.Model):
    """A file that lay at the bank, as it was then: what was made of it, once."""

    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    path = models.CharField(max_length=300)
    size = models.BigIntegerField()
    modified_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=FoundState.choices)
    why = models.CharField(max_length=200, blank=True)
    bank_file = models.ForeignKey(
        BankFile, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    found_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        permissions = [("settle_foundfile", "Can settle unread files of the bank")]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "path", "size", "modified_at"],
                name="found_file_judged_once",
            ),
            models.CheckConstraint(
                condition=Q(state=FoundState.TAKEN, bank_file__isnull=False)
                | (~Q(state=FoundState.TAKEN) & ~Q(why="")),
                name="found_file_says_why",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-id"], condition=Q(state=FoundState.UNREAD), name="found_file_unread"
            )
        ]

    def __str__(self) -> str:
        return self.path
