"""What gateways tell of stored means of payment: a card was replaced, or got a later end."""

from __future__ import annotations

from datetime import datetime

from apps.core.db import joins_transaction
from apps.core.sealing import digest_of
from apps.finance.payments.adapters.base import Means
from apps.finance.payments.models import PaymentMethod
from apps.finance.payments.services.methods import keep_means


@joins_transaction
def refresh_means(*, gateway: str, means: Means | None, now: datetime) -> int:
    """
    Bring every stored means of this name at a gateway up to date; return how many there are.

    Told again it changes nothing more. It is no use of the means: that time stays.
    """
    if means is None or not means.token:
        return 0
    kept = PaymentMethod.objects.select_related("profile", "merchant_account").filter(
        gateway=gateway, token_digest=digest_of(means.token), removed_at__isnull=True
    )
    for each in kept:
        used = each.last_used_at
        keep_means(profile=each.profile, account=each.merchant_account, means=means, now=now)
        PaymentMethod.objects.filter(pk=each.pk).update(last_used_at=used)
    return len(kept)
