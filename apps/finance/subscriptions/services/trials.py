"""One trial with a creator for each person and each card."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.accounts.models import Profile, User
from apps.core.db import joins_transaction
from apps.finance.subscriptions.models import Subscription, TrialUse


@joins_transaction
def claim_trial(
    *,
    creator: Profile,
    user: User,
    subscription: Subscription,
    now: datetime,
    fingerprint: str = "",
) -> bool:
    """
    Note that a subscription begins with a trial; False when the person, or the card with this
    fingerprint, had one with the creator for another subscription.

    The database's uniqueness decides, also among many at once: who comes second waits for the
    first's transaction. Asking again for the same subscription is True again, and adds the
    fingerprint if it was not known before; False when that card had a trial already.
    """
    TrialUse.objects.bulk_create(
        [
            TrialUse(
                creator=creator,
                user=user,
                fingerprint=fingerprint,
                subscription=subscription,
                at=now,
            )
        ],
        ignore_conflicts=True,
    )
    use = TrialUse.objects.filter(creator=creator, user=user, subscription=subscription).first()
    if use is None:
        return False
    if not fingerprint or use.fingerprint:
        return True
    try:
        with atomic():
            TrialUse.objects.filter(pk=use.pk).update(fingerprint=fingerprint)
    except IntegrityError:
        return False
    return True


@joins_transaction
def release_trial(*, subscription: Subscription) -> bool:
    """
    Give the trial of a subscription back that never began (its first payment never came), so the
    person may have one after all; True if there was one.
    """
    deleted, _ = TrialUse.objects.filter(subscription=subscription).delete()
    return bool(deleted)
