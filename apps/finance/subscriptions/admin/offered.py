"""How what creators offer looks in the console."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from apps.accounts.models import Profile
from apps.core.admin import as_id, as_uuid
from apps.finance.subscriptions.admin.shown import MOST_PROFILES


def length_of(months: int) -> str:
    """Return how long a price pays for."""
    return {0: "for life", 1: "a month", 12: "a year"}.get(months, f"{months} months")


def by_handle(term: str) -> Q | None:
    """Return what a search means: number, public id, or the creator's handle; by index."""
    public_id, number = as_uuid(term), as_id(term)
    if public_id:
        return Q(public_id=public_id)
    if number is not None:
        return Q(pk=number)
    found = Profile.objects.filter(Exact(Lower("handle"), term.removeprefix("@").lower()))
    return Q(creator__in=list(found.values_list("pk", flat=True)[:MOST_PROFILES]))
