"""A creator asks to be paid."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from apps.accounts.models import Profile
from apps.audit import services as audit
from apps.core import events
from apps.core.money import Money
from apps.finance.ledger import postings
from apps.finance.ledger import services as ledger
from apps.finance.payments.services.debts import recover_debt
from apps.payouts import errors, rules
from apps.payouts.events import PayoutRequested
from apps.payouts.models import Payout, PayoutMethod
from apps.payouts.services.moves import record_event


@transaction.atomic
def request_payout(
    *, creator: Profile, method_id: int, amount: Money, idempotency_key: str, now: datetime
) -> Payout:
    """
    OUT-5: open a payout of ``amount`` (gross) and reserve it in the ledger at once.

    Calling again with the same ``idempotency_key`` returns the first payout, whatever
    has become of it.

    :raises KeyReused: that first payout had another method or amount
    :raises NotACreator: a fan has no earnings
    :raises MethodNotFound: this person has no such method on this brand
    :raises MethodInactive: the method was switched off
    :raises RailNotOffered: the rail does not pay out this currency
    :raises BelowMinimum: the rail does not pay out so little
    :raises AboveMaximum: no payout is that large
    :raises InsufficientFunds: the creator's earnings, less what they owe, do not cover ``amount``
    """
    if not creator.is_creator:
        raise errors.NotACreator()
    method = _method(creator, method_id)
    first = Payout.objects.filter(creator=creator, idempotency_key=idempotency_key).first()
    if first is not None:
        return _same(first, method, amount)

    # After the look at the key: a repeat is answered even when these have changed since.
    if not method.is_active:
        raise errors.MethodInactive()
    rules.check_amount(rail=method.rail, amount=amount)
    reference = uuid.uuid4()
    payout, is_new = Payout.objects.get_or_create(
        creator=creator,
        idempotency_key=idempotency_key,
        defaults={
            "public_id": reference,
            "rail_reference": rules.reference_of(reference),
            "cluster": creator.cluster,
            "method": method,
            "rail": method.rail,
            "destination": method.details,
            "amount_minor": amount.minor,
            "currency": amount.currency,
            "requested_at": now,
        },
    )
    if not is_new:
        return _same(payout, method, amount)
    # What is owed goes first, or whoever is quick would be paid what is the platform's.
    recover_debt(
        creator_id=creator.pk, currency=amount.currency, cluster=creator.cluster.slug, now=now
    )
    ledger.post(
        postings.payout_reserved(
            payout_id=payout.pk,
            creator_id=creator.pk,
            amount=amount,
            cluster=creator.cluster.slug,
        ),
        now=now,
    )
    record_event(payout, now=now, by=creator.user)
    audit.record(
        by=creator.user,
        action="payouts.requested",
        subject=payout,
        facts={"amount": str(amount), "reference": payout.rail_reference},
        cluster=creator.cluster,
    )
    events.publish(PayoutRequested(payout_id=payout.pk, creator_id=creator.pk))
    return payout


def _same(payout: Payout, method: PayoutMethod, amount: Money) -> Payout:
    if (payout.method_id, payout.amount) != (method.pk, amount):
        raise errors.KeyReused(payout=str(payout.public_id))
    return payout


def _method(creator: Profile, method_id: int) -> PayoutMethod:
    """Lock the method against being switched off while the payout is made."""
    method = (
        PayoutMethod.objects.select_for_update(of=("self",))
        .filter(pk=method_id, profile=creator)
        .first()
    )
    if method is None:
        raise errors.MethodNotFound(method_id=method_id)
    return method
