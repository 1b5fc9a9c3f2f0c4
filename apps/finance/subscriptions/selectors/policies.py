"""Which schedule of tries and how much grace hold on a brand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from apps.finance.subscriptions.models import DunningPolicy
from apps.finance.subscriptions.rules.dunning import DEFAULT, Policy


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies of all brands; one without its own has the general."""

    own: Mapping[int | None, Policy]

    def of(self, cluster_id: int) -> Policy:
        return self.own.get(cluster_id) or self.own.get(None, DEFAULT)


def policies(*, now: datetime) -> Policies:
    """Return what holds at a moment on every brand, in one query."""
    rows = (
        DunningPolicy.objects.filter(effective_from__lte=now)
        .order_by("cluster_id", "-effective_from", "-id")
        .distinct("cluster_id")
        .values_list("cluster_id", "days", "grace_days")
    )
    return Policies({brand: Policy(tuple(days), grace) for brand, days, grace in rows})


def policy_of(*, cluster_id: int, now: datetime) -> Policy:
    """Return what holds at a moment on a brand."""
    return policies(now=now).of(cluster_id)


def all_policies(*, now: datetime) -> QuerySet[DunningPolicy]:
    """Return every policy that held, holds or will; ``is_replaced``: a later one of the same
    brand holds in its place."""
    rows = DunningPolicy.objects.annotate(brand=Coalesce("cluster_id", 0))
    later = rows.filter(
        brand=OuterRef("brand"),
        effective_from__lte=now,
        effective_from__gt=OuterRef("effective_from"),
    )
    return rows.annotate(is_replaced=Exists(later))
