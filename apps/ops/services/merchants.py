"""Merchant accounts of the demo and of simulations, opened by two people as in life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from apps.accounts.models import User
from apps.finance.payments import errors
from apps.finance.payments import services as payments
from apps.finance.payments.rules.merchants import Place, Terms

if TYPE_CHECKING:
    from apps.clusters.models import Cluster

WHY = "Opened for the demo"


class Mid(NamedTuple):
    """An account of a brand, by its slug; ``is_on``: the second person has agreed."""

    brand: str
    place: Place
    terms: Terms
    is_on: bool = True


def open_mids(
    mids: Sequence[Mid],
    *,
    brands: Mapping[str, Cluster],
    staff: tuple[User, User],
    now: datetime,
) -> None:
    """Open accounts and switch them on. One that is there already stays as it is."""
    first, second = (User.objects.get(pk=person.pk) for person in staff)  # with today's rights
    for mid in mids:
        try:
            account = payments.open_merchant_account(
                cluster=brands[mid.brand],
                place=mid.place,
                terms=mid.terms,
                by=first,
                reason=WHY,
                now=now,
            )
        except errors.MerchantAccountTaken:
            continue
        payments.propose_change(
            account_id=account.pk, switch_on=True, by=first, reason=WHY, now=now
        )
        if mid.is_on:
            payments.agree_to_change(account_id=account.pk, by=second, reason=WHY, now=now)
