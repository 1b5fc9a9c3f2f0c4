"""What places tax, from which day; and which brands collect it, from which moment."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.finance.tax.choices import Product, TaxKind


class TaxRate(models.Model):
    """A rate from a day on, until a later row of the same place, product and kind.

    Rows cannot overlap, as each ends where the next begins; a rate that ends is followed by one of
    zero. A row is never edited: of two for one day the newer counts. Only confirmed rows count;
    confirming is all that may ever happen to a row.
    """

    place = models.CharField(max_length=6, help_text="ISO 3166: DE, US-CA.")
    product = models.CharField(max_length=10, choices=Product.choices)
    kind = models.CharField(max_length=10, choices=TaxKind.choices)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    is_inclusive = models.BooleanField(help_text="Prices here are shown with this tax inside.")
    valid_from = models.DateField()
    source = models.CharField(max_length=300, help_text="Law or publication, and when read.")
    reason = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who entered it; empty for an import.",
    )
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        permissions = [
            ("set_rate", "Can enter a tax rate"),
            ("confirm_rate", "Can confirm a tax rate that another entered"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, percent__lte=100), name="tax_rate_in_range"
            ),
            models.CheckConstraint(condition=Q(kind__in=TaxKind.values), name="tax_kind_known"),
            models.CheckConstraint(
                condition=Q(product__in=Product.values), name="tax_product_known"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True, confirmed_by__isnull=True)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="tax_confirmed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True)
                | Q(by__isnull=True)
                | ~Q(confirmed_by=F("by")),
                name="tax_confirmed_by_another",
            ),
        ]
        indexes = [
            models.Index(
                fields=["place", "product", "kind", "-valid_from", "-id"], name="tax_rate_of_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.place} {self.percent.normalize():f} %"

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None


class BrandTaxation(models.Model):
    """A brand began to collect tax, or ceased to. The latest row counts. Append-only."""

    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="+")
    is_on = models.BooleanField()
    since = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta:
        permissions = [("turn_tax", "Can turn a brand's tax on or off")]
        indexes = [models.Index(fields=["cluster", "-since", "-id"], name="tax_of_brand")]

    def __str__(self) -> str:
        return f"{self.cluster}: {'on' if self.is_on else 'off'}"
