"""Which account a brand charges cards with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.finance.payments import errors
from apps.finance.payments.models import MerchantAccount

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


def merchant_account_of(*, cluster: Cluster, currency: str) -> MerchantAccount:
    """
    Return the brand's active account.

    :raises NoMerchantAccount: the brand has none that is active
    :raises CurrencyNotOffered: it has, but in other currencies
    """
    active = list(MerchantAccount.objects.filter(cluster=cluster, is_active=True).order_by("id"))
    if not active:
        raise errors.NoMerchantAccount()
    for account in active:
        if account.currency == currency:
            return account
    raise errors.CurrencyNotOffered(currency=currency)
