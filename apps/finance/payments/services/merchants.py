"""A brand's accounts at card gateways."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.transaction import atomic

from apps.audit import services as audit
from apps.core.money import Money
from apps.finance.payments.choices import Gateway
from apps.finance.payments.models import MerchantAccount

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster


@atomic
def open_merchant_account(
    *,
    cluster: Cluster,
    account_number: str,
    subaccount: str,
    flex_id: str,
    descriptor: str,
    most: Money,
    by: User | None,
    now: datetime,
) -> MerchantAccount:
    """Let a brand charge cards at CCBill in the currency of ``most``, its largest charge.

    Called again for the same account it returns the one there is, unchanged.
    """
    account, is_new = MerchantAccount.objects.get_or_create(
        gateway=Gateway.CCBILL,
        account_number=account_number,
        subaccount=subaccount,
        defaults={
            "cluster": cluster,
            "flex_id": flex_id,
            "descriptor": descriptor,
            "currency": most.currency,
            "most_minor": most.minor,
        },
    )
    if is_new:
        audit.record(
            by=by,
            action="payments.merchant_account_opened",
            subject=account,
            facts={"account": str(account), "at": now.isoformat()},
            cluster=cluster,
        )
    return account
