"""Mail as other apps have it sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.notifications import services as notifications
from apps.notifications.models import Message
from apps.notifications.rules.kinds import KINDS, SUBSCRIPTION

TERMS = {
    "creator": "Leo <3",
    "plan": "Gold & more",
    "price": "$12.00",
    "period": "month",
    "currency": "USD",
    "descriptor": "FANZ.EXAMPLE 800-555-0100",
    "manage_url": "https://boyfanz.com/subscriptions/7/",
    "cancel_how": "One click on your subscriptions page ends it.",
}
WORDS: dict[str, Any] = {
    **TERMS,
    "amount": "$12.34",
    "tax": "$2.05",
    "paid_on": "2026-01-15",
    "next_charge_on": "2026-02-15",
    "next_amount": "$12.56",
    "after": "$12.00 every month",
    "resumes_on": "2026-02-10",
    "planned": False,
    "kept": False,
    "may_take_back": True,
    "terms": "You subscribe to Leo <3 on BoyFanz: Gold & more.",
    "trial_ends_on": "2026-01-22",
    "first_amount": "$11.11",
    "old_price": "$10.00",
    "new_price": "$15.00",
    "effective_on": "2026-03-01",
    "consent_url": "https://boyfanz.com/subscriptions/7/consent/",
    "consent_needed": True,
    "reason": "Your bank said there is not enough money.",
    "next_try_on": "2026-01-18",
    "access_until": "2026-02-20",
    "promo": "20 % off for 3 months",
    "what": "your wallet",
    "reference": "a-reference",
    "take_until": "2026-03-16",
    "by_gateway": False,
    "from_wallet": True,
    "giver": "Ada",
    "recipient": "Bob",
    "message": "Enjoy <b>it</b>",
    "item": "A video",
    "goal": "New lights",
    "fan": "A Fan",
    "collect_on": "2026-02-03",
    "account": "3000",
    "mandate": "FANZ-M-7",
    "creditor": "Fanz GmbH",
    "creditor_id": "DE98ZZZ09999999999",
    "url": "https://front.example/hook",
    "why": "It failed for too long",
    "failing_since": "2026-01-10",
    "number": "#4",
    "card": "Visa ending in 4242",
    "expires_on": "2026-02-28",
    "pay_url": "https://boyfanz.com/subscriptions/7/pay/",
    "start_url": "https://boyfanz.com/gifts/2/",
}


def context_of(kind: str, *, is_whole: bool = True) -> dict[str, Any]:
    """What a kind must be told, and all it may be if ``is_whole``."""
    found = KINDS[kind]
    names = found.needs | (found.may if is_whole else SUBSCRIPTION & found.needs)
    return {name: WORDS[name] for name in names}


def mail(fan: Any, kind: str = "subscription.receipt", **changes: Any) -> notifications.Message:
    """A message to a fan, not queued yet."""
    given: Mapping[str, Any] = {
        "kind": kind,
        "to": fan.user_id,
        "cluster_id": fan.cluster_id,
        "key": "a-key",
        "context": context_of(kind),
        "subject_ref": "subscription:7",
    } | changes
    return notifications.Message(**given)


def queued(fan: Any, kind: str = "subscription.receipt", *, now: Any, **changes: Any) -> Message:
    """A message that waits to be sent."""
    message = mail(fan, kind, **changes)
    with transaction.atomic():
        notifications.queue(message, now=now)
    return Message.objects.get(key=message.key)
