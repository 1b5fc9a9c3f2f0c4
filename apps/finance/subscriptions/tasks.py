"""The ticks of subscriptions (fanz/settings/beat.py)."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from apps.finance.subscriptions.services import (
    expiring,
    facts,
    gift_taking,
    price_changes,
    reminders,
    stops,
    tick,
)


@shared_task(name="subscriptions.bill_due", acks_late=True)
def bill_due(**_: Any) -> int:
    """Every quarter of a minute: what is due."""
    return tick.bill_due(now=timezone.now(), clock=timezone.now).touched


@shared_task(name="subscriptions.tell_price_changes")
def tell_price_changes(**_: Any) -> int:
    """Every five minutes: tell subscribers of new prices, in time."""
    return price_changes.tell_price_changes(now=timezone.now())


@shared_task(name="subscriptions.make_facts", acks_late=True)
def make_figures(**_: Any) -> int:
    """Every quarter of an hour: MRR, cohorts and takings of the days that changed."""
    return facts.make_facts(now=timezone.now()).days


@shared_task(name="subscriptions.remind_due", acks_late=True)
def remind_due(**_: Any) -> int:
    """Every five minutes: what is to be said before it is charged."""
    return reminders.remind_due(now=timezone.now())


@shared_task(name="subscriptions.stop_gateways", acks_late=True)
def stop_gateways(**_: Any) -> int:
    """Every minute: renewals that gateways must be told to stop."""
    return stops.stop_gateways(now=timezone.now())


@shared_task(name="subscriptions.return_gifts")
def return_gifts(**_: Any) -> int:
    """Every hour: give back what nobody took for 60 days."""
    return gift_taking.return_gifts(now=timezone.now())


@shared_task(name="subscriptions.warn_of_expiring_cards")
def warn_of_expiring_cards(**_: Any) -> int:
    """Every six hours: cards that pay subscriptions and end soon."""
    return expiring.warn_of_expiring_cards(now=timezone.now())
