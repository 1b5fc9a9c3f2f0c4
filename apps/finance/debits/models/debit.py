"""One collection from a payer's bank account."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.debits.choices import DebitState, Scheme


class Debit(models.Model):
    """A payment by debit; ``state`` is changed only by ``services.moves``."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mandate = models.ForeignKey("debits.Mandate", on_delete=models.PROTECT, related_name="debits")
    transaction = models.OneToOneField(
        "payments.Transaction", on_delete=models.PROTECT, related_name="+"
    )
    merchant_account = models.ForeignKey(
        "payments.MerchantAccount", on_delete=models.PROTECT, related_name="+"
    )
    scheme = models.CharField(max_length=4, choices=Scheme.choices)
    state = models.CharField(max_length=9, choices=DebitState.choices, default=DebitState.READY)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    collect_on = models.DateField(help_text="Not collected before this day.")
    hold_until = models.DateField(
        null=True, blank=True, help_text="Counts as paid from this day on; set with the file."
    )
    presentation = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Which time it is, or will be, in a file."
    )
    retries = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="Presented again after lack of money; two at most (Nacha).",
    )
    return_code = models.CharField(max_length=4, blank=True)
    needs_staff = models.CharField(max_length=200, blank=True, help_text="Why a person must look.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="debit_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=DebitState.values), name="debit_state_known"
            ),
            models.CheckConstraint(
                condition=Q(retries__lte=2, presentation__gt=F("retries")),
                name="debit_retries_two",
            ),
            models.CheckConstraint(
                condition=(Q(state=DebitState.RETURNED) & ~Q(return_code=""))
                | (~Q(state=DebitState.RETURNED) & Q(return_code="")),
                name="debit_return_has_code",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_account", "collect_on", "id"],
                condition=Q(state=DebitState.READY),
                name="debit_ready",
            ),
            models.Index(
                fields=["hold_until", "id"],
                condition=Q(state=DebitState.IN_FILE),
                name="debit_held",
            ),
            models.Index(fields=["mandate", "-id"], name="debit_of_mandate"),
        ]

    def __str__(self) -> str:
        return f"Debit #{self.pk} {self.amount} {self.state}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def end_to_end_id(self) -> str:
        """Return our name for it at SEPA banks: 32 of the 35 characters allowed."""
        return self.public_id.hex

    @property
    def at_bank(self) -> str:
        """Return by what name the bank knows its latest presentation; empty: in no file yet."""
        return (
            self.items.filter(presentation=self.presentation)
            .values_list("reference", flat=True)
            .first()
            or ""
        )


class DebitEvent(models.Model):
    """One line of a debit's history. Rows are never changed."""

    debit = models.ForeignKey(Debit, on_delete=models.PROTECT, related_name="history")
    from_state = models.CharField(max_length=9, blank=True)
    to_state = models.CharField(max_length=9, choices=DebitState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.reason
