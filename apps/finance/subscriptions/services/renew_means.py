"""Renew by a stored means of payment: claim, charge without a transaction, record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.transaction import atomic

from apps.accounts.models import Profile
from apps.core.db import Bigints, Texts, joins_transaction, outside_transaction, prepared_rows
from apps.core.errors import DomainError
from apps.finance.payments import services as payments
from apps.finance.payments.choices import Kind, Occasion
from apps.finance.payments.services.charge import Clock
from apps.finance.subscriptions.models import Subscription
from apps.finance.subscriptions.rules.dunning import class_of_refusal
from apps.finance.subscriptions.services import runs
from apps.finance.subscriptions.services.charges import Charge
from apps.finance.subscriptions.services.claims import MEANS, claim, lock
from apps.finance.subscriptions.services.dunning import Failure, record_failures
from apps.finance.subscriptions.services.isolate import isolated
from apps.finance.subscriptions.services.outcomes import Told, record_outcome
from apps.finance.subscriptions.services.renew_wallets import settle_what_needs_no_charge
from apps.finance.subscriptions.services.renewed import Renewed, write_renewed
from apps.finance.subscriptions.services.runs import Billed
from apps.finance.tax.selectors import Buyer

#: So many are charged one after the other under one claim, each within a gateway's patience.
BATCH = 20
LEASE = timedelta(minutes=15)

# From here on a charge may be under way: a cancel sees it, and the next worker waits.
_OPEN = """
WITH d AS MATERIALIZED (
    SELECT d.*, n.now, n.until FROM unnest(
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::text[]
    ) AS d(id, number, begins, ends, amount, currency),
    (SELECT %s::text::timestamptz AS now, %s::text::timestamptz AS until) n
), p AS (
    INSERT INTO subscriptions_period AS p
           (subscription_id, number, from_at, until_at, kind, state, amount_minor, currency, at)
    SELECT d.id, d.number, d.begins::timestamptz, nullif(d.ends, '')::timestamptz, 'PAID', 'OPEN',
           d.amount, d.currency, d.now
      FROM d ORDER BY d.id
        ON CONFLICT (subscription_id, number) DO UPDATE
       SET state = 'OPEN', from_at = excluded.from_at, until_at = excluded.until_at,
           amount_minor = excluded.amount_minor
     WHERE p.state IN ('OPEN', 'UNPAID')
    RETURNING p.id
), s AS (
    UPDATE subscriptions_subscription s SET claimed_until = d.until, due_at = d.until
      FROM d WHERE s.id = d.id
    RETURNING s.id
)
SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM s)
"""


@outside_transaction
def renew_means(
    *, run: int, now: datetime, limit: int = BATCH, clock: Clock | None = None
) -> Billed:
    """
    Charge the stored means of what is due, up to ``limit``, and record what came of each.

    The period is open before the gateway is called, and the try has a name: whoever dies where,
    the next worker asks for the same try and charges nothing twice. A charge is only sent when
    the subscription is, at that moment, still to be renewed. A batch takes a while: ``clock``
    dates each charge, and its answer, so that none is dated before a cancellation it came after.
    """
    clock = clock or (lambda: now)
    total = Billed()
    for billed, charges in _claimed(run, now, limit):
        total.add(billed)
        for charge in charges:
            total.add(_charge_one(charge, run=run, clock=clock))
    return total


@outside_transaction
def _claimed(run: int, now: datetime, limit: int) -> list[tuple[Billed, list[Charge]]]:
    def batch(*, claimed: list[int], among: Sequence[int] | None) -> tuple[Billed, list[Charge]]:
        return _claim(run, now, limit, claimed, among)

    def alone(pk: int, error: Exception) -> tuple[Billed, list[Charge]]:
        return runs.left_alone(pk, error, run=run, now=now), []

    return isolated(batch, alone=alone)


@atomic
def _claim(
    run: int, now: datetime, limit: int, claimed: list[int], among: Sequence[int] | None
) -> tuple[Billed, list[Charge]]:
    dues = claim(MEANS, now=now, limit=limit, among=among)
    claimed.extend(due.pk for due in dues)
    if not dues:
        return Billed(), []
    billed, going = settle_what_needs_no_charge(dues, now=now)
    free = [Renewed(charge, None, charge.amount) for charge in going if not charge.amount.minor]
    write_renewed(free, now=now)
    billed.renewed += len(free)
    priced = [charge for charge in going if charge.amount.minor]
    _open(priced, now=now)
    runs.count(run=run, billed=billed, now=now)
    return billed, priced


@joins_transaction
def _open(charges: list[Charge], *, now: datetime) -> None:
    """:raises RuntimeError: one of these periods is paid"""
    if not charges:
        return
    [counts] = prepared_rows(
        _OPEN,
        [
            Bigints([charge.due.pk for charge in charges]),
            Bigints([charge.term.number for charge in charges]),
            Texts([charge.term.begins.isoformat() for charge in charges]),
            Texts(
                [charge.term.ends.isoformat() if charge.term.ends else "" for charge in charges]
            ),
            Bigints([charge.amount.minor for charge in charges]),
            Texts([charge.due.currency for charge in charges]),
            now.isoformat(),
            (now + LEASE).isoformat(),
        ],
    )
    if counts != (len(charges),) * 2:
        raise RuntimeError("a period that is due was paid before")


@outside_transaction
def _charge_one(charge: Charge, *, run: int, clock: Clock) -> Billed:
    try:
        return _charged(charge, run=run, clock=clock)
    except Exception as error:  # noqa: BLE001 (one may fail in any way; it is recorded)
        return runs.left_alone(charge.due.pk, error, run=run, now=clock())


@outside_transaction
def _charged(charge: Charge, *, run: int, clock: Clock) -> Billed:
    due = charge.due
    if not _still_renews(due.pk):
        return Billed()
    try:
        transaction = payments.charge_stored(
            _purchase(charge),
            means=due.means_id or 0,
            now=clock(),
            attempt_key=f"try:{due.tries + 1}",
            clock=clock,
        )
    except DomainError as error:
        return _failed(charge, error, run=run, now=clock())
    return _recorded(transaction.pk, run=run, now=clock())


@atomic
def _recorded(transaction_id: int, *, run: int, now: datetime) -> Billed:
    billed = _billed(record_outcome(transaction_id=transaction_id, now=now))
    runs.count(run=run, billed=billed, now=now)
    return billed


def _billed(told: Told) -> Billed:
    billed = Billed(
        renewed=int(told.renewed),
        declined=told.declined,
        ended=told.ended,
        waiting=int(told.waits),
    )
    if told.renewed:
        billed.money[told.total.currency] += told.total.minor
    return billed


@atomic
def _failed(charge: Charge, error: DomainError, *, run: int, now: datetime) -> Billed:
    """Nothing was charged, as nothing could be begun."""
    due = lock(charge.due.pk)
    if due is None or due.cancelled or due.number != charge.due.number:
        return Billed()
    failure = Failure(charge.with_due(due), class_of_refusal(error.code), error.code)
    recorded = record_failures([failure], now=now)
    billed = Billed(declined=recorded.declined, ended=recorded.ended)
    runs.count(run=run, billed=billed, now=now)
    return billed


def _still_renews(pk: int) -> bool:
    """Look once more right before the charge leaves: a cancel since the claim stops it."""
    return (
        Subscription.objects.filter(pk=pk, cancel_at_end=False)
        .exclude(state__in=["ENDED", "PAUSED"])
        .exists()
    )


def _purchase(charge: Charge) -> payments.Purchase:
    due = charge.due
    people = Profile.objects.select_related("cluster", "user").in_bulk(
        [due.fan_id, due.creator_id]
    )
    return payments.Purchase(
        fan=people[due.fan_id],
        creator=people[due.creator_id],
        kind=Kind.SUBSCRIPTION,
        amount=charge.amount,
        subject=charge.subject,
        idempotency_key=charge.subject,
        occasion=Occasion.RENEWAL,
        buyer=Buyer(declared=due.buyer_country) if due.buyer_country else None,
    )
