"""Who pays for refunds and chargebacks from a moment on."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.transaction import atomic

from apps.audit import services as audit
from apps.finance.payments import errors
from apps.finance.payments.models import RefundPolicy
from apps.finance.payments.rules.limits import CURRENCIES
from apps.finance.payments.rules.refunds import Policy

if TYPE_CHECKING:
    from apps.accounts.models import User
    from apps.clusters.models import Cluster


@atomic
def set_refund_policy(
    *,
    cluster: Cluster | None,
    currency: str,
    policy: Policy,
    effective_from: datetime,
    by: User,
    reason: str,
    now: datetime,
) -> RefundPolicy:
    """
    Let a policy hold from a moment on, on one brand or (None) on all without one of their own.
    Refunds asked for, and disputes opened, before keep the one they began under.

    :raises RefundNotAllowed: ``by`` lacks payments.set_refund_policy
    :raises ReasonMissing: no reason is given
    :raises CurrencyNotOffered: no payments are taken in this currency
    :raises PolicyInThePast: the moment has passed: history is not rewritten
    :raises PolicyTaken: one from that very moment exists
    """
    if not by.has_perm("payments.set_refund_policy"):
        raise errors.RefundNotAllowed()
    if not reason.strip():
        raise errors.ReasonMissing()
    if currency not in CURRENCIES:
        raise errors.CurrencyNotOffered(currency=currency)
    if effective_from < now:
        raise errors.PolicyInThePast(effective_from=effective_from.isoformat())
    try:
        with atomic():
            row = RefundPolicy.objects.create(
                cluster=cluster,
                currency=currency,
                effective_from=effective_from,
                by=by,
                **asdict(policy),
            )
    except IntegrityError as error:
        raise errors.PolicyTaken() from error
    audit.record(
        by=by,
        action="payments.refund_policy_set",
        subject=row,
        reason=reason,
        facts={"currency": currency, "from": effective_from.isoformat(), **asdict(policy)},
        cluster=cluster,
    )
    return row
