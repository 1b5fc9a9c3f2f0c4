"""What gateways tell of stored means of payment: replaced, with a later end, or closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from apps.accounts.models import Profile
from apps.core import events
from apps.core.db import joins_transaction
from apps.core.sealing import digest_of
from apps.finance.payments.adapters.base import Means
from apps.finance.payments.events import MeansRefreshed
from apps.finance.payments.models import PaymentMethod
from apps.finance.payments.services.methods import forget_means, keep_means


@joins_transaction
def refresh_means(*, gateway: str, credentials: str, means: Means | None, now: datetime) -> int:
    """
    Bring every stored means of this name at a gateway up to date; return how many there are.

    Only those of accounts whose secrets (``credentials``) prove the news. What it does not tell
    stays. Told again it changes nothing more. It is no use of the means: that time stays. One
    that is closed is forgotten, as if its payer had removed it.
    """
    if means is None or not means.token:
        return 0
    named = PaymentMethod.objects.filter(
        gateway=gateway,
        merchant_account__credentials__in={credentials, ""} if credentials in {"", gateway}
        else {credentials},
        token_digest=digest_of(means.token),
        removed_at__isnull=True,
    )  # fmt: skip
    owners = Profile.objects.filter(pk__in=named.values("profile")).order_by("pk")
    list(owners.select_for_update(of=("self",)))  # their defaults may change
    kept = named.select_related("profile__cluster", "merchant_account").order_by("pk")
    for each in kept:
        if means.is_closed:
            forget_means(
                means=each, by=None, reason="The gateway says it can be charged no more", now=now
            )
            continue
        used = each.last_used_at
        told = _beside_what_is_kept(means, each)
        keep_means(profile=each.profile, account=each.merchant_account, means=told, now=now)
        PaymentMethod.objects.filter(pk=each.pk).update(last_used_at=used)
        events.publish(
            MeansRefreshed(profile_id=each.profile_id, cluster=each.profile.cluster.slug)
        )
    return len(kept)


def _beside_what_is_kept(means: Means, kept: PaymentMethod) -> Means:
    """News of a card names little of it, some only its name at the gateway."""
    return replace(
        means,
        brand=means.brand or kept.brand,
        last4=means.last4 or kept.last4,
        expires=means.expires or kept.expires,
        country=means.country or kept.country,
        bin=means.bin or kept.bin,
        fingerprint=means.fingerprint or kept.fingerprint,
    )
