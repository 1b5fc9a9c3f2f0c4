"""Means of payment that gateways keep for a payer: kept, chosen, forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.core.db import joins_transaction
from apps.core.sealing import digest_of, seal
from apps.finance.payments import errors
from apps.finance.payments.models import PaymentMethod
from apps.finance.payments.rules.redact import digits_only

if TYPE_CHECKING:
    from apps.finance.payments.adapters.base import Means
    from apps.finance.payments.models import MerchantAccount, Transaction


#: What gateways' names for means are sealed as: nothing else opens them.
SEALED_AS = "payments.means"


@joins_transaction
def keep_means(
    *, profile: Profile, account: MerchantAccount, means: Means, now: datetime
) -> PaymentMethod | None:
    """
    Keep what a gateway stored for a payer; told again, what it says of it is refreshed.

    The first one kept is the default. None when the gateway named nothing to charge again.
    """
    if not means.token:
        return None
    Profile.objects.select_for_update(of=("self",)).get(pk=profile.pk)  # one default, one row
    kept = PaymentMethod.objects.filter(profile=profile, removed_at__isnull=True)
    found = kept.filter(merchant_account=account, token_digest=digest_of(means.token)).first()
    if found is None:
        found = PaymentMethod(
            profile=profile,
            merchant_account=account,
            gateway=account.gateway,
            sealed_token=seal(means.token, purpose=SEALED_AS),
            token_digest=digest_of(means.token),
            is_default=not kept.filter(is_default=True).exists(),
            created_at=now,
        )
    found.brand = means.brand.lower()[:20]
    found.last4 = digits_only(means.last4, most=4, exact=True)
    found.expires = means.expires[:7]
    found.country = means.country.upper()[:2]
    found.bin = digits_only(means.bin, most=8)
    found.fingerprint = means.fingerprint[:80]
    found.last_used_at = now
    found.save()
    return found


@joins_transaction
def keep_where_wanted(*, transaction: Transaction, means: Means | None, now: datetime) -> None:
    """Keep the means a payment was made with, if its payer asked for that; note that it was used.

    The payment is locked. A means that the payer removed meanwhile stays removed.
    """
    last = transaction.attempts.select_related("merchant_account").order_by("-number").first()
    if last is None:
        return
    if last.payment_method_id:
        PaymentMethod.objects.filter(pk=last.payment_method_id).update(last_used_at=now)
    elif means is not None and last.keep:
        last.kept = keep_means(
            profile=transaction.payer, account=last.merchant_account, means=means, now=now
        )
        last.save(update_fields=["kept"])


@atomic
def remove_means(*, profile: Profile, public_id: UUID, now: datetime) -> None:
    """
    Forget a means of payment; its name at the gateway is wiped. Removing it again changes nothing.

    :raises MeansNotFound: there is none by this id, or it is somebody else's
    """
    means = _own(profile, public_id)
    if means.removed_at is None:
        forget_means(means=means, by=profile.user, reason="", now=now)


@joins_transaction
def forget_means(*, means: PaymentMethod, by: User | None, reason: str, now: datetime) -> None:
    """Wipe a kept means; the one used last before it becomes the default. Its owner is locked."""
    was_default = means.is_default
    means.removed_at, means.is_default, means.sealed_token = now, False, ""
    means.save(update_fields=["removed_at", "is_default", "sealed_token"])
    if was_default:
        _make_default(
            PaymentMethod.objects.filter(profile=means.profile, removed_at__isnull=True)
            .order_by("-last_used_at", "-id")
            .first()
        )
    audit.record(
        by=by,
        action="payments.means_removed",
        subject=f"means:{means.pk}",
        reason=reason,
        facts={"means": str(means), "gateway": means.gateway},
        cluster=means.profile.cluster,
    )


@atomic
def prefer_means(*, profile: Profile, public_id: UUID) -> PaymentMethod:
    """
    Make a means of payment the one that is offered first.

    :raises MeansNotFound: there is none by this id, it was removed, or it is somebody else's
    """
    means = _own(profile, public_id)
    if means.removed_at is not None:
        raise errors.MeansNotFound()
    PaymentMethod.objects.filter(profile=profile, is_default=True).update(is_default=False)
    _make_default(means)
    return means


def _make_default(means: PaymentMethod | None) -> None:
    if means is not None:
        means.is_default = True
        means.save(update_fields=["is_default"])


def _own(profile: Profile, public_id: UUID) -> PaymentMethod:
    Profile.objects.select_for_update(of=("self",)).get(pk=profile.pk)
    means = (
        PaymentMethod.objects.select_related("profile__cluster")
        .filter(profile=profile, public_id=public_id)
        .first()
    )
    if means is None:
        raise errors.MeansNotFound()
    return means
