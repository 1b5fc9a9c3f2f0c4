"""Our accounts at banks, for those who write and read the banks' files."""

from __future__ import annotations

from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount

BANKS = (Gateway.ACH, Gateway.SEPA, Gateway.WIRE)


def bank_account(
    *, account_id: int, gateway: str, cluster_id: int | None = None, also_closed: bool = False
) -> MerchantAccount | None:
    """Return an account of a kind (and brand), or None where it is not one, or switched off."""
    found = MerchantAccount.objects.filter(pk=account_id, gateway=gateway)
    if cluster_id is not None:
        found = found.filter(cluster=cluster_id)
    return (found if also_closed else found.filter(is_active=True)).first()


def bank_accounts(*, gateways: tuple[str, ...] = BANKS) -> list[MerchantAccount]:
    """Return all accounts at banks, also those switched off: their files still come."""
    return list(
        MerchantAccount.objects.filter(gateway__in=gateways)
        .select_related("cluster")
        .order_by("id")
    )
