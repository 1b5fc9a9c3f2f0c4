"""Write down that periods are paid: one statement for each table, whatever their number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from apps.core.db import Bigints, Texts, joins_transaction, prepared_rows
from apps.core.money import Money
from apps.finance.entitlements import services as entitlements
from apps.finance.entitlements.choices import Scope
from apps.finance.subscriptions.choices import Consent, State, What
from apps.finance.subscriptions.rules import standing
from apps.finance.subscriptions.rules.dunning import Policy
from apps.finance.subscriptions.rules.reminders import next_reminder
from apps.finance.subscriptions.rules.terms import period_words
from apps.finance.subscriptions.selectors.policies import policies
from apps.finance.subscriptions.services.charges import Charge, Switch
from apps.finance.subscriptions.services.claims import Due
from apps.finance.subscriptions.services.letters import (
    Letters,
    day_of,
    formatted,
    money_words,
    next_words,
    written,
)
from apps.notifications import services as notifications


class Renewed(NamedTuple):
    """A charge that was paid; ``total`` with tax on top. Nothing to pay: no transaction."""

    charge: Charge
    transaction_id: int | None
    total: Money


class _Row(NamedTuple):
    """The columns that change, as text where they are moments; "" is NULL."""

    pk: int
    number: int
    begins: str
    ends: str
    amount: int
    transaction: int
    due_at: str
    access_until: str
    remind_at: str
    left: int
    what: str
    before: str
    facts: str
    currency: str


# A period is numbered once: where it was paid before, nothing is written and the count is short.
_WRITE = """
WITH d AS MATERIALIZED (
    SELECT d.*, n.now FROM unnest(
        %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
        %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
        %s::text[]
    ) AS d(id, number, begins, ends, amount, txn, due, access, remind, remains, what, before,
           facts, currency),
    (SELECT %s::text::timestamptz AS now) n
), s AS (
    UPDATE subscriptions_subscription s
       SET state = 'ACTIVE', period_number = d.number, current_from = d.begins::timestamptz,
           current_until = nullif(d.ends, '')::timestamptz,
           due_at = nullif(d.due, '')::timestamptz,
           access_until = nullif(d.access, '')::timestamptz,
           remind_at = nullif(d.remind, '')::timestamptz,
           tries = 0, claimed_until = NULL, held_why = '',
           promotion_left = nullif(d.remains, -1)
      FROM d WHERE s.id = d.id
    RETURNING s.id, s.plan_id, s.price_id, s.period_number, d.what, d.before, d.facts, d.now
), p AS (
    INSERT INTO subscriptions_period AS p
           (subscription_id, number, from_at, until_at, kind, state, amount_minor, currency,
            transaction_id, at, paid_at)
    SELECT d.id, d.number, d.begins::timestamptz, nullif(d.ends, '')::timestamptz, 'PAID', 'PAID',
           d.amount, d.currency, nullif(d.txn, 0), d.now, d.now
      FROM d ORDER BY d.id
        ON CONFLICT (subscription_id, number) DO UPDATE
       SET state = 'PAID', from_at = excluded.from_at, until_at = excluded.until_at,
           amount_minor = excluded.amount_minor, transaction_id = excluded.transaction_id,
           paid_at = excluded.paid_at
     WHERE p.state IN ('OPEN', 'UNPAID')
    RETURNING p.id
), h AS (
    INSERT INTO subscriptions_subscriptionevent
           (subscription_id, what, from_state, to_state, at, reason, facts, plan_id, price_id,
            period_number)
    SELECT s.id, s.what, s.before, 'ACTIVE', s.now, '', s.facts::jsonb, s.plan_id, s.price_id,
           s.period_number
      FROM s ORDER BY s.id
    RETURNING id
)
SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM p), (SELECT count(*) FROM h)
"""
_SWITCH = """
WITH d AS MATERIALIZED (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
                         %s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[],
                         %s::text[], %s::bigint[])
        AS d(id, plan, price, tier, months, amount, anchored_at, anchored_number, what, facts,
             state, promoted)
), s AS (
    UPDATE subscriptions_subscription s
       SET plan_id = d.plan, price_id = d.price, tier = d.tier, months = d.months,
           amount_minor = d.amount, anchored_at = d.anchored_at::timestamptz,
           anchored_number = d.anchored_number, next_plan_id = NULL, next_price_id = NULL,
           promotion_id = CASE WHEN d.promoted = 1 THEN s.promotion_id END,
           price_change_id = CASE WHEN d.what = 'PRICE_CHANGED' THEN NULL
                                  ELSE s.price_change_id END,
           consent = CASE WHEN d.what = 'PRICE_CHANGED' THEN %s::text ELSE s.consent END
      FROM d WHERE s.id = d.id
    RETURNING s.id
), h AS (
    INSERT INTO subscriptions_subscriptionevent
           (subscription_id, what, from_state, to_state, at, reason, facts, plan_id, price_id)
    SELECT d.id, d.what, 'ACTIVE', 'ACTIVE', %s::text::timestamptz, '', d.facts::jsonb,
           d.plan, d.price FROM d
    RETURNING id
)
SELECT count(*) FROM s
"""


@joins_transaction
def write_renewed(
    renewed: Sequence[Renewed], *, now: datetime, letters: Letters | None = None
) -> None:
    """
    Begin the periods that were paid: subscription, period, history, access and receipt.

    The rows are locked by the caller. Whole or not at all.

    :raises RuntimeError: a period was paid before
    """
    if not renewed:
        return
    letters = letters or Letters((each.charge.due for each in renewed), now=now)
    switched = [each.charge for each in renewed if each.charge.switch]
    if switched:
        _write_switches(switched, now)
    in_force = policies(now=now)
    rows = [_row(each, in_force.of(each.charge.due.cluster_id)) for each in renewed]
    columns = list(zip(*rows, strict=True))
    [counts] = prepared_rows(
        _WRITE,
        [
            *(
                Texts(column) if isinstance(column[0], str) else Bigints(column)
                for column in columns
            ),
            now.isoformat(),
        ],
    )
    if counts != (len(rows),) * 3:
        raise RuntimeError("a period was paid before")
    _grant(renewed, rows, now)
    notifications.queue_many(
        [_receipt(each, letters, now) for each in renewed if each.total.minor], now=now
    )


def _row(renewed: Renewed, policy: Policy) -> _Row:
    charge = renewed.charge
    due, term = charge.due, charge.term
    ends = term.ends.isoformat() if term.ends else ""
    remind_at = next_reminder(
        months=charge.months,
        started_at=due.started_at,
        until=term.ends,
        is_trial=False,
        period_began_at=term.begins,
        introductory=charge.amount.minor < charge.following.minor,
        told_at=due.reminded_at,
        zone=due.zone,
    )
    due_at = standing.due_at(
        renews_by=due.renews_by, current_until=term.ends, cancel_at_end=due.cancelled
    )
    access = standing.access_until(
        current_until=term.ends,
        renews=not due.cancelled and charge.months > 0,
        grace_days=policy.grace_days,
    )
    return _Row(
        due.pk,
        term.number,
        term.begins.isoformat(),
        ends,
        charge.amount.minor,
        renewed.transaction_id or 0,
        ends if due_at is term.ends else due_at.isoformat() if due_at else "",
        access.isoformat() if access else "",
        remind_at.isoformat() if remind_at and not due.cancelled else "",
        -1 if charge.left is None else charge.left,
        _what(due).value,
        due.state,
        _facts(charge),
        due.currency,
    )


def _facts(charge: Charge) -> str:
    """Return what history keeps of it, in JSON; written by hand, as it comes by the thousand."""
    number, due = charge.term.number, charge.due
    facts = f'{{"period": {number}'
    if charge.amount.minor:
        facts += f', "amount": "{written(charge.amount.minor, due.currency)}"'
    if number > due.number + 1:
        facts += f', "not_charged": {number - due.number - 1}'
    return facts + "}"


def _what(due: Due) -> What:
    if due.tries:
        return What.RECOVERED
    return What.ACTIVATED if due.state == State.TRIALING else What.RENEWED


def _write_switches(charges: Sequence[Charge], now: datetime) -> None:
    rows = [_switch_row(charge.due, charge.switch) for charge in charges if charge.switch]
    columns = list(zip(*rows, strict=True))
    prepared_rows(
        _SWITCH,
        [
            *(
                Texts(column) if isinstance(column[0], str) else Bigints(column)
                for column in columns
            ),
            Consent.NOT_NEEDED.value,
            now.isoformat(),
        ],
    )


def _switch_row(due: Due, switch: Switch) -> tuple[int | str, ...]:
    facts = {
        "from": {"plan": due.plan_id, "price": due.price_id, "amount_minor": due.amount_minor},
        "to": {
            "plan": switch.plan_id,
            "price": switch.price_id,
            "amount_minor": switch.amount_minor,
        },
        "agreed": due.consent == Consent.GIVEN,
    }
    return (
        due.pk, switch.plan_id, switch.price_id or 0, switch.tier, switch.months,
        switch.amount_minor, switch.anchor.at.isoformat(), switch.anchor.number,
        switch.what.value, json.dumps(facts), due.state, int(switch.keeps_promotion),
    )  # fmt: skip


def _grant(renewed: Sequence[Renewed], rows: Sequence[_Row], now: datetime) -> None:
    entitlements.grant_many(
        [
            entitlements.Grant(
                profile_id=each.charge.due.fan_id,
                creator_id=each.charge.due.creator_id,
                cluster_id=each.charge.due.cluster_id,
                scope=Scope.CREATOR,
                source=f"subscription:{row.pk}",
                tier=each.charge.tier,
                until_at=datetime.fromisoformat(row.access_until) if row.access_until else None,
                why=row.what,
            )
            for each, row in zip(renewed, rows, strict=True)
        ],
        now=now,
    )


def _receipt(renewed: Renewed, letters: Letters, now: datetime) -> notifications.Message:
    charge, due = renewed.charge, renewed.charge.due
    tax = renewed.total.minor - charge.amount.minor
    next_up = None if due.cancelled else letters.ahead_of_next(due, charge.coming)
    return letters.fan(
        due,
        "receipt",
        key=str(charge.term.number),
        plan=charge.plan,
        price=money_words(charge.coming.full),
        period=period_words(charge.months),
        amount=formatted(renewed.total.minor, due.currency),
        tax=formatted(tax, due.currency) if tax else "",
        paid_on=day_of(due.zone, now),
        promo=charge.promotion,
        access_until=day_of(due.zone, charge.term.ends) if due.cancelled else "",
        **next_words(next_up, due.zone),
    )
