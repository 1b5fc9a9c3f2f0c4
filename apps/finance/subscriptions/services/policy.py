"""When failed charges are tried again, from a moment on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.finance.subscriptions import errors
from apps.finance.subscriptions.models import DunningPolicy
from apps.finance.subscriptions.rules.dunning import problem_of

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster

REASON_LENGTH = 200


@atomic
def set_dunning_policy(
    *,
    cluster: Cluster | None,
    days: Sequence[int],
    grace_days: int,
    effective_from: datetime,
    by: User,
    reason: str,
    now: datetime,
) -> DunningPolicy:
    """
    Let a schedule of tries hold from a moment on, on one brand or (None) on all without one of
    their own. A charge that fails from then on goes by it; a try that is planned already stays.

    :raises StaffNotAllowed: ``by`` lacks subscriptions.set_dunning_policy
    :raises ReasonMissing: no reason is given, or it is longer than 200 characters
    :raises DunningInvalid: card networks forbid it, or it is no schedule (``rules.dunning``)
    :raises DunningInThePast: the moment has passed: history is not rewritten
    :raises DunningTaken: one from that very moment exists
    """
    if not (by.is_staff and by.has_perm("subscriptions.set_dunning_policy")):
        raise errors.StaffNotAllowed()
    if not reason.strip() or len(reason) > REASON_LENGTH:
        raise errors.ReasonMissing()
    if problem := problem_of(days, grace_days):
        raise errors.DunningInvalid(why=problem)
    if effective_from < now:
        raise errors.DunningInThePast(effective_from=effective_from.isoformat())
    try:
        with atomic():
            row = DunningPolicy.objects.create(
                cluster=cluster,
                days=list(days),
                grace_days=grace_days,
                effective_from=effective_from,
            )
    except IntegrityError as error:
        raise errors.DunningTaken() from error
    audit.record(
        by=by,
        action="subscriptions.dunning_policy_set",
        subject=row,
        reason=reason.strip(),
        facts={
            "days": ", ".join(map(str, days)),
            "grace_days": grace_days,
            "from": effective_from.isoformat(),
        },
        cluster=cluster,
    )
    return row
