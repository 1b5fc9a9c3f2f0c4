"""Where a creator wants to be paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.payouts import errors, rules
from apps.payouts.models import PayoutMethod


@transaction.atomic
def add_method(
    *, profile: Profile, rail: str, details: Mapping[str, object], now: datetime
) -> PayoutMethod:
    """
    Add a way to pay a creator; the same details again return the method already there.

    Methods are not changed: to correct one, add another and switch the old one off. So
    a change always leaves two audit records and never touches a payout on its way.

    :raises NotACreator: a fan has nothing to be paid
    :raises RailNotOffered: we do not pay out by that rail
    :raises BadDetails: a field is missing, unknown or not well formed
    """
    if not profile.is_creator:
        raise errors.NotACreator()
    clean = rules.clean_details(rail=rail, details=details)
    method, is_new = PayoutMethod.objects.get_or_create(
        profile=profile,
        rail=rail,
        details=clean,
        deactivated_at=None,
        defaults={
            "fingerprint": rules.fingerprint(rail=rail, details=clean),
            "added_at": now,
        },
    )
    if is_new:
        audit.record(
            by=profile.user,
            action="payouts.method_added",
            subject=method,
            facts={"rail": rail, "details": clean},
            cluster=profile.cluster,
        )
    return method


@transaction.atomic
def deactivate_method(*, method_id: int, profile: Profile, now: datetime) -> PayoutMethod:
    """
    Switch a method off; again, it changes nothing. Payouts not yet approved to it cannot be.

    :raises MethodNotFound: this person has no such method on this brand
    """
    method = (
        PayoutMethod.objects.select_for_update(of=("self",))
        .filter(pk=method_id, profile=profile)
        .first()
    )
    if method is None:
        raise errors.MethodNotFound(method_id=method_id)
    if method.is_active:
        method.deactivated_at = now
        method.save(update_fields=["deactivated_at", "updated_at"])
        audit.record(
            by=profile.user,
            action="payouts.method_deactivated",
            subject=method,
            cluster=profile.cluster,
        )
    return method
