"""What a payment would cost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import F, Q

from apps.core.money import Money
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import FeeSchedule
from apps.finance.payments.rules import fees

if TYPE_CHECKING:
    from apps.clusters.models import Cluster


def quote(
    *, cluster: Cluster, kind: Kind, method: Method, amount: Money, at: datetime
) -> fees.Quote:
    """
    Split ``amount`` by the rates in force at ``at``: the brand's own before everyone's.

    :raises NoFee: no rates are set
    """
    row = (
        FeeSchedule.objects.filter(
            Q(cluster=cluster.pk) | Q(cluster__isnull=True),
            kind=kind,
            method=method,
            effective_from__lte=at,
        )
        .order_by(F("cluster").asc(nulls_last=True), "-effective_from", "-id")
        .first()
    )
    if row is None:
        raise errors.NoFee(kind=str(kind), method=str(method))
    return fees.split(kind=kind, amount=amount, rates=row.rates)
