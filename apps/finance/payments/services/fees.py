"""What payments will cost from a moment on (PAY-2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from apps.audit import services as audit
from apps.finance.payments import errors
from apps.finance.payments.choices import Kind, Method
from apps.finance.payments.models import FeeSchedule

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster
    from apps.finance.payments.rules.fees import Rates


@transaction.atomic
def set_fee(
    *,
    cluster: Cluster | None,
    kind: Kind,
    method: Method,
    rates: Rates,
    effective_from: datetime,
    by: User | None,
    reason: str,
    now: datetime,
) -> FeeSchedule:
    """
    Let payments of a kind cost ``rates`` from a moment on, on one brand or (None) on all without
    a rate of their own. Payments that began before keep the fees they were told.

    :raises ReasonMissing: no reason is given
    :raises FeeInThePast: the moment has passed: history is not rewritten
    :raises FeeNotPossible: over the whole amount, or a fee this kind or method cannot have
    :raises FeeTaken: a rate from that very moment exists; rates are never edited
    """
    if not reason.strip():
        raise errors.ReasonMissing()
    if effective_from <= now:
        raise errors.FeeInThePast(effective_from=effective_from.isoformat())
    try:
        with transaction.atomic():
            fee = FeeSchedule.objects.create(
                cluster=cluster,
                kind=kind,
                method=method,
                platform_bps=rates.platform_bps,
                processing_bps=rates.processing_bps,
                processing_fixed_minor=rates.processing_fixed_minor,
                effective_from=effective_from,
            )
    except IntegrityError as error:
        if "fee_one_per_moment" in str(error):
            raise errors.FeeTaken(effective_from=effective_from.isoformat()) from error
        raise errors.FeeNotPossible(kind=str(kind), method=str(method)) from error
    audit.record(
        by=by,
        action="payments.fee_set",
        subject=fee,
        reason=reason,
        facts={
            "kind": str(kind),
            "method": str(method),
            "platform_bps": rates.platform_bps,
            "processing_bps": rates.processing_bps,
            "processing_fixed_minor": rates.processing_fixed_minor,
            "effective_from": effective_from.isoformat(),
        },
        cluster=cluster,
    )
    return fee
