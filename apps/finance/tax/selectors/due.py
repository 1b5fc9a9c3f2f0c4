"""What tax is due on a sale now."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from apps.core.money import Money
from apps.finance.tax import errors
from apps.finance.tax.choices import Product
from apps.finance.tax.models import BrandTaxation, TaxRate
from apps.finance.tax.rules.countries import country_of, is_place
from apps.finance.tax.rules.due import Applicable, TaxQuote, due_on, most_specific

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


def collects_tax(*, cluster: Cluster, at: datetime) -> bool:
    """Test if a brand had turned tax on at a moment; none has until staff do it."""
    latest = (
        BrandTaxation.objects.filter(cluster=cluster, since__lte=at)
        .order_by("-since", "-id")
        .first()
    )
    return latest is not None and latest.is_on


def tax_on(*, amount: Money, place: str, product: str, on: date) -> TaxQuote:
    """Return what is due on a price of ``amount`` for a sale to a place on a day.

    A place without a confirmed rate has no tax: ``lines`` is empty, and the price is all net.

    :raises PlaceUnknown, PlaceTooWide: see ``rates_for``
    """
    return due_on(amount, place=place, rates=rates_for(place=place, product=product, on=on))


def rates_for(*, place: str, product: str, on: date) -> list[Applicable]:
    """Return the confirmed rates of a sale to a place on a day: the same for every price.

    :raises PlaceUnknown: there is no such place
    :raises PlaceTooWide: a country whose states tax by themselves, without the state
    """
    if not is_place(place):
        raise errors.PlaceUnknown(place=place[:10])
    places = {place, country_of(place)}
    rows = (
        TaxRate.objects.filter(
            place__in=places,
            product__in={product, Product.ANY},
            confirmed_at__isnull=False,
            valid_from__lte=on,
        )
        .order_by("place", "product", "kind", "-valid_from", "-id")
        .distinct("place", "product", "kind")
    )
    found = [
        (Applicable(row.pk, row.place, row.kind, row.percent, row.is_inclusive), row.product)
        for row in rows
    ]
    if place == country_of(place) and _states_tax(place, on):
        raise errors.PlaceTooWide(place=place)
    return most_specific(found, place=place)


def _states_tax(country: str, on: date) -> bool:
    return TaxRate.objects.filter(
        place__startswith=f"{country}-", confirmed_at__isnull=False, valid_from__lte=on
    ).exists()
