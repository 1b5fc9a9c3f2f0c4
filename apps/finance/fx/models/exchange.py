"""Exchanges of one currency for another, and what is held of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.fx.choices import FUNCTIONAL
from apps.finance.fx.rules.positions import Position


class Exchange(models.Model):
    """Money of one currency became money of another. Append-only; the ledger has its entry."""

    idempotency_key = models.CharField(max_length=100, unique=True)
    sold_minor = models.BigIntegerField()
    sold_currency = models.CharField(max_length=5)
    sold_from = models.CharField(max_length=60, help_text="Account code and owner.")
    bought_minor = models.BigIntegerField()
    bought_currency = models.CharField(max_length=5)
    bought_into = models.CharField(max_length=60)
    value_minor = models.BigIntegerField(help_text="What was exchanged, in US cents.")
    gain_minor = models.BigIntegerField(help_text="Realised, in US cents; a loss below zero.")
    rate_note = models.CharField(max_length=200, blank=True, help_text="Rates of the value.")
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)

    class Meta:
        permissions = [("exchange_currency", "Can record an exchange of currencies")]
        constraints = [
            models.CheckConstraint(
                condition=Q(sold_minor__gt=0, bought_minor__gt=0, value_minor__gte=0),
                name="fx_exchange_amounts_positive",
            ),
            models.CheckConstraint(
                condition=~Q(sold_currency=F("bought_currency")),
                name="fx_exchange_two_currencies",
            ),
        ]

    def __str__(self) -> str:
        return f"Exchange #{self.pk}"

    @property
    def sold(self) -> Money:
        return Money(self.sold_minor, self.sold_currency)

    @property
    def bought(self) -> Money:
        return Money(self.bought_minor, self.bought_currency)

    @property
    def value(self) -> Money:
        return Money(self.value_minor, FUNCTIONAL)

    @property
    def gain(self) -> Money:
        return Money(self.gain_minor, FUNCTIONAL)

    @property
    def source(self) -> str:
        """The journal entry that booked it."""
        return f"exchange:{self.pk}"


class CurrencyPosition(models.Model):
    """What the trading account holds of a foreign currency, and what that cost.

    The quantity is account 3900's balance in that currency; the costs of all positions together
    are its balance in US dollars. ``selectors.position_findings`` compares them.
    """

    currency = models.CharField(max_length=5, unique=True)
    quantity_minor = models.BigIntegerField(default=0, help_text="Below zero: sold short.")
    cost_minor = models.BigIntegerField(default=0, help_text="In US cents, at average cost.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(currency=FUNCTIONAL), name="fx_position_foreign_only"
            ),
            models.CheckConstraint(
                condition=~Q(quantity_minor=0) | Q(cost_minor=0), name="fx_position_closed_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.currency

    @property
    def quantity(self) -> Money:
        return Money(self.quantity_minor, self.currency)

    @property
    def cost(self) -> Money:
        return Money(self.cost_minor, FUNCTIONAL)

    @property
    def position(self) -> Position:
        return Position(self.quantity_minor, self.cost_minor)
