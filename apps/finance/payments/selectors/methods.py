"""What a payer may pay with again."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from apps.accounts.models import Profile
from apps.finance.payments import errors
from apps.finance.payments.models import PaymentMethod


class Expiring(NamedTuple):
    """A kept card whose last month is near; ``month`` is YYYY-MM."""

    pk: int
    brand: str
    last4: str
    month: str


def expiring_cards(*, month: str, after: int, limit: int) -> list[Expiring]:
    """Return kept cards that end with a month (YYYY-MM), by number, those above ``after``."""
    rows = (
        PaymentMethod.objects.filter(removed_at__isnull=True, expires=month, pk__gt=after)
        .exclude(expires="")
        .order_by("expires", "pk")
    )
    return [Expiring(*row) for row in rows.values_list("pk", "brand", "last4", "expires")[:limit]]


def means_of(profile: Profile) -> QuerySet[PaymentMethod]:
    """Return the stored means of a profile, the default first, then the newest."""
    return (
        PaymentMethod.objects.filter(profile=profile, removed_at__isnull=True)
        .select_related("merchant_account")
        .order_by("-is_default", "-id")
    )


def means_for(profile: Profile, public_id: UUID) -> PaymentMethod:
    """
    Return one stored means of a profile.

    :raises MeansNotFound: there is none by this id, it was removed, or it is somebody else's
    """
    means = means_of(profile).filter(public_id=public_id).first()
    if means is None:
        raise errors.MeansNotFound()
    return means


def same_card_elsewhere(means: PaymentMethod) -> QuerySet[PaymentMethod]:
    """
    Return the same card as the payer stored it at other accounts, in the same currency.

    Gateways have names of their own for a card: brand, last digits and expiry together tell it
    among the few cards of one person.
    """
    if not (means.brand and means.last4 and means.expires):
        return PaymentMethod.objects.none()
    return (
        means_of(means.profile)
        .filter(
            brand=means.brand,
            last4=means.last4,
            expires=means.expires,
            merchant_account__is_active=True,
            merchant_account__currency=means.merchant_account.currency,
        )
        .exclude(merchant_account=means.merchant_account)
        .order_by("merchant_account__rank", "id")
    )
