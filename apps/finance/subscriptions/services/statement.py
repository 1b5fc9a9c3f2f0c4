"""The terms that are kept say what the statement will show."""

from __future__ import annotations

from datetime import datetime

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.rules import subjects, terms
from apps.finance.subscriptions.services.move import locked


@atomic
def restate_terms(*, fan: Profile, subject: str, descriptor: str, now: datetime) -> bool:
    """
    Keep the terms of a subscription that is not paid yet with the descriptor of the account its
    payment goes to now; return whether that is another. Its payer is shown them before paying.

    What is paid, and payments for anything else, are left alone. Repeating changes nothing.
    """
    about = subjects.read(subject)
    if about is None or not about.is_first:
        return False
    subscription = locked(about.subscription_id)
    words = terms.with_descriptor(subscription.terms, descriptor)
    if subscription.fan_id != fan.pk or subscription.state != State.INCOMPLETE:
        return False
    if words == subscription.terms:
        return False
    subscription.terms, subscription.terms_hash = words, terms.hash_of(words)
    subscription.save(update_fields=["terms", "terms_hash"])
    audit.record(
        by=fan.user,
        action="subscriptions.terms_restated",
        subject=subscription,
        facts={
            "terms": subscription.terms_hash,
            "descriptor": descriptor,
            "at": now.isoformat(),
        },
        cluster=subscription.cluster,
    )
    return True
