"""Tax that was due on a sale, and what proves the place."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.money import Money
from apps.finance.tax.choices import TaxKind
from apps.finance.tax.models.rate import TaxRate


class TaxLine(models.Model):
    """One tax on one sale, for the return of its quarter. Append-only; kept ten years.

    A refund, or a lost chargeback, is a line below zero in the quarter in which it happens.
    """

    source = models.CharField(max_length=120, help_text="The journal entry that booked it.")
    cluster = models.CharField(max_length=50, help_text="Slug of the brand.")
    place = models.CharField(max_length=6)
    kind = models.CharField(max_length=10, choices=TaxKind.choices)
    rate = models.ForeignKey(TaxRate, on_delete=models.PROTECT, related_name="+")
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    base_minor = models.BigIntegerField(help_text="Net price, in the smallest unit.")
    tax_minor = models.BigIntegerField()
    currency = models.CharField(max_length=5)
    proofs = models.JSONField(default=list, help_text="What proves the place: DECLARED:DE.")
    proofs_agree = models.BooleanField(help_text="Two or more, all of one country.")
    sold_on = models.DateField()
    quarter = models.CharField(max_length=7, help_text="Of the return: 2026-Q1.")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "rate"], name="tax_line_once"),
            models.CheckConstraint(
                condition=Q(base_minor__gte=0, tax_minor__gte=0)
                | Q(base_minor__lte=0, tax_minor__lte=0),
                name="tax_line_one_sign",
            ),
        ]
        indexes = [
            models.Index(fields=["quarter", "place", "id"], name="tax_line_of_quarter"),
            models.Index(
                fields=["id"], condition=Q(proofs_agree=False), name="tax_line_to_look_at"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.place} {self.tax}"

    @property
    def base(self) -> Money:
        return Money(self.base_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)
