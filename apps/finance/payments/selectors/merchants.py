"""Which accounts a brand is paid through, and what they are used with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from apps.finance.payments import errors
from apps.finance.payments.adapters import gateway_for
from apps.finance.payments.adapters.base import Account
from apps.finance.payments.choices import Method, gateways_of
from apps.finance.payments.models import MerchantAccount

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


def merchant_account_of(
    *, cluster: Cluster, currency: str, method: str = Method.CARD
) -> MerchantAccount:
    """
    Return the brand's first active account for a method; routing may choose another.

    :raises NoMerchantAccount: the brand has none that is active
    :raises CurrencyNotOffered: it has, but in other currencies
    """
    active = list(
        MerchantAccount.objects.filter(
            cluster=cluster, is_active=True, gateway__in=gateways_of(method)
        ).order_by("rank", "id")
    )
    if not active:
        raise errors.NoMerchantAccount()
    for account in active:
        if account.currency == currency:
            return account
    raise errors.CurrencyNotOffered(currency=currency)


def account_of(account: MerchantAccount) -> Account:
    """Return an account with the addresses and secrets to use it with."""
    return Account(
        account.account_number,
        account.subaccount,
        account.flex_id,
        account.descriptor,
        _config(account.gateway, account.credentials),
    )


def of_gateway(gateway: str, credentials: str = "") -> Account:
    """Return what proves a gateway's messages, before it is known which account they are about.

    ``credentials`` names the set of secrets; empty: the one of the gateway's name.
    """
    return Account("", config=_config(gateway, credentials))


def credential_sets(gateway: str) -> list[str]:
    """Return the names of the sets of secrets that this gateway's accounts may use."""
    names = (
        {"ccbill", *settings.GATEWAY_CREDENTIALS}
        if gateway == "ccbill"
        else (settings.GATEWAY_CREDENTIALS)
    )
    return sorted(n for n in names if n == gateway or n.startswith(f"{gateway}-"))


def missing_keys(gateway: str, credentials: str = "") -> list[str]:
    """Return what the gateway needs and a set of secrets lacks, by name; never a value."""
    return sorted(gateway_for(gateway).needs - _config(gateway, credentials).keys())


def _config(gateway: str, credentials: str) -> dict[str, str]:
    """Leave out what is not set: a gateway is off until all it needs is."""
    name = credentials or gateway
    given = settings.CCBILL if name == "ccbill" else settings.GATEWAY_CREDENTIALS.get(name, {})
    texts = {
        name: ",".join(value) if isinstance(value, list) else str(value)
        for name, value in given.items()
    }
    return {name: text for name, text in texts.items() if text}
