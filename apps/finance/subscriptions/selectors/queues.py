"""What waits for people at subscriptions, by index and never counted further than asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from apps.finance.subscriptions.choices import State
from apps.finance.subscriptions.models import BillingFailure, DunningTry, PastDue

#: So long a run leaves alone what it could not bill (services.runs).
LEFT_ALONE = timedelta(hours=1)


#: Its next charge waits for a person, though nothing is past due yet.
HELD = ~Q(held_why="") & Q(state__in=[State.ACTIVE, State.TRIALING])
PAST_DUE = Q(state=State.PAST_DUE)


def in_dunning() -> QuerySet[Any]:
    """Return what could not be charged and what is held, with the last try of the former:
    ``decline_class``, ``decline_code``, ``decline_reason``, ``tried_at`` and ``next_try_at``."""
    newest = DunningTry.objects.filter(subscription=OuterRef("pk")).order_by(
        "-period_number", "-number"
    )
    return PastDue.objects.filter(PAST_DUE | HELD).annotate(
        decline_class=Subquery(newest.values("decline_class")[:1]),
        decline_code=Subquery(newest.values("code")[:1]),
        decline_reason=Subquery(newest.values("reason")[:1]),
        tried_at=Subquery(newest.values("at")[:1]),
        next_try_at=Subquery(newest.values("next_at")[:1]),
    )


def past_due_for_a_person() -> QuerySet[Any]:
    """Return those past due of which no further try comes by itself: the fan must be reached."""
    return in_dunning().filter(PAST_DUE, next_try_at__isnull=True)


def held_since(limit: int) -> list[datetime]:
    """Return since when charges are held as a notice did not arrive, oldest first, at most
    ``limit``."""
    rows = PastDue.objects.filter(HELD, reminded_at__isnull=False).order_by("id")
    return sorted(at for at in rows.values_list("reminded_at", flat=True)[:limit] if at)


def past_due_since(limit: int) -> list[datetime]:
    """Return since when they wait for a person, oldest first, at most ``limit``; up to
    ``settings.MEMORY_SECONDS`` old."""

    def find() -> list[datetime]:
        rows = past_due_for_a_person().filter(tried_at__isnull=False).order_by("id")
        return sorted(rows.values_list("tried_at", flat=True)[:limit])

    found: list[datetime] | None = cache.get_or_set(
        f"subs:past_due:{limit}", find, settings.MEMORY_SECONDS
    )
    return found or []


def open_failures() -> QuerySet[BillingFailure]:
    """Return failures of ours whose subscription is still left alone because of them."""
    return BillingFailure.objects.filter(subscription__due_at=F("at") + LEFT_ALONE)


def open_failures_since(limit: int) -> list[datetime]:
    """Return since when they wait, oldest first, at most ``limit``."""
    return sorted(open_failures().order_by("-id").values_list("at", flat=True)[:limit])
