"""Support opens and closes what a machine did not."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.audit import services as audit
from apps.finance.entitlements import errors
from apps.finance.entitlements.choices import Scope
from apps.finance.entitlements.models import Entitlement
from apps.finance.entitlements.services.granting import Grant, grant, withdraw


@atomic
def grant_by_staff(
    *,
    profile: Profile,
    creator: Profile,
    until_at: datetime,
    tier: int,
    key: uuid.UUID,
    by: User,
    reason: str,
    now: datetime,
) -> Entitlement:
    """
    Let a fan see what a creator's plans include up to a tier, until an end that somebody chose.

    Nothing is charged. The same ``key`` is the same grant.

    :raises MayNotGrant: ``by`` lacks entitlements.grant_entitlement, or would grant to themselves
    :raises ReasonMissing: nothing is said of why
    :raises OtherBrand: the creator is none, is on another brand, or is the fan's own profile
    :raises GrantEnded: the end is not later than now
    """
    if not by.has_perm("entitlements.grant_entitlement") or profile.user_id == by.pk:
        raise errors.MayNotGrant
    if not reason.strip():
        raise errors.ReasonMissing
    is_fit = creator.is_creator and creator.pk != profile.pk
    if not is_fit or creator.cluster_id != profile.cluster_id:
        raise errors.OtherBrand
    if until_at <= now:
        raise errors.GrantEnded
    source = f"support:{key}"
    first = Entitlement.objects.filter(source=source).first()
    if first is not None:
        return first
    grant(
        Grant(
            profile.pk,
            creator.pk,
            profile.cluster_id,
            Scope.CREATOR,
            source,
            tier=tier,
            until_at=until_at,
            why=reason.strip(),
        ),
        now=now,
        by=by,
    )
    row = Entitlement.objects.get(source=source)
    audit.record(
        by=by,
        action="entitlements.granted",
        subject=row,
        reason=reason.strip(),
        facts={"fan": profile.pk, "creator": creator.pk, "tier": tier, "until": until_at},
        cluster=profile.cluster,
    )
    return row


@atomic
def withdraw_by_staff(*, entitlement_id: int, by: User, reason: str, now: datetime) -> Entitlement:
    """
    Take a right away. What grants it may grant it again: a renewal does, so end that first.

    :raises MayNotGrant: ``by`` lacks entitlements.withdraw_entitlement
    :raises ReasonMissing: nothing is said of why
    :raises EntitlementNotFound: there is none by this id
    :raises AlreadyWithdrawn: it is
    """
    if not by.has_perm("entitlements.withdraw_entitlement"):
        raise errors.MayNotGrant
    if not reason.strip():
        raise errors.ReasonMissing
    row = (
        Entitlement.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .filter(pk=entitlement_id)
        .first()
    )
    if row is None:
        raise errors.EntitlementNotFound
    if not withdraw(row.source, why=reason.strip(), now=now, by=by):
        raise errors.AlreadyWithdrawn
    audit.record(
        by=by,
        action="entitlements.withdrawn",
        subject=row,
        reason=reason.strip(),
        facts={"source": row.source},
        cluster=row.cluster,
    )
    row.refresh_from_db()
    return row
