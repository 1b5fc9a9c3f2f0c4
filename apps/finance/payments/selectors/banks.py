"""Our accounts at banks, for those who write and read the banks' files."""

from __future__ import annotations

from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount

BANKS = (Gateway.ACH, Gateway.SEPA, Gateway.WIRE)


def bank_account(
    *, account_id: int, gateway: str, cluster_id: int | None = None
) -> MerchantAccount | None:
    """Return an active account of a kind (and brand), or None where it is not one."""
    found = MerchantAccount.objects.filter(pk=account_id, gateway=gateway, is_active=True)
    return (found if cluster_id is None else found.filter(cluster=cluster_id)).first()


def bank_accounts(*, gateways: tuple[str, ...] = BANKS) -> list[MerchantAccount]:
    """Return all accounts at banks, also those switched off: their files still come."""
    return list(
        MerchantAccount.objects.filter(gateway__in=gateways)
        .select_related("cluster")
        .order_by("id")
    )
