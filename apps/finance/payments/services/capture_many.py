"""Capture many payments at once: the rows of ``move.capture``, in one statement for each table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from apps.core import events
from apps.core.db import joins_transaction
from apps.finance.ledger import services as ledger
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction, TransactionEvent
from apps.finance.payments.rules.cards import card_of
from apps.finance.payments.rules.transitions import check_capture
from apps.finance.payments.services.entries import draft_of
from apps.finance.payments.services.move import captured_event
from apps.finance.payments.services.taxes import record_taxes_of_many

_CAPTURE = (
    "UPDATE payments_transaction t SET status = 'CAPTURED', captured_at = %(now)s,"
    " gateway_reference = d.reference,"
    " gateway_transaction = coalesce(nullif(d.second, ''), t.gateway_transaction),"
    " failure_code = '', failure_reason = '',"
    " card_network = d.network, card_country = d.country,"
    " next_look_up_at = NULL, last_word_at = %(now)s, claimed_until = NULL"
    " FROM unnest(%(ids)s::bigint[], %(references)s::text[], %(networks)s::text[],"
    " %(countries)s::text[], %(seconds)s::text[])"
    " AS d(id, reference, network, country, second)"
    " WHERE t.id = d.id"
)
_END_ATTEMPTS = (
    "UPDATE payments_attempt a SET status = 'PAID', reference = t.gateway_reference,"
    " ended_at = %(now)s, claimed_until = NULL"
    " FROM payments_transaction t WHERE t.id = a.transaction_id"
    " AND a.transaction_id = ANY(%(ids)s::bigint[])"
)


class Paid(NamedTuple):
    """A locked payment with at most one try, and what the gateway says of it."""

    transaction: Transaction
    reference: str
    facts: dict[str, str]


@joins_transaction
def capture_many(paid: Sequence[Paid], *, now: datetime, reason: str) -> None:
    """
    The money of all of them is taken: move to CAPTURED, post it, tell higher apps. All or nothing.

    :raises WrongState: one is captured already
    """
    if not paid:
        return
    history = []
    for transaction, reference, facts in paid:
        check_capture(current=transaction.status)
        history.append(
            TransactionEvent(
                transaction=transaction,
                from_status=transaction.status,
                to_status=Status.CAPTURED,
                at=now,
                reason=reason,
                facts=facts,
            )
        )
        transaction.status = Status.CAPTURED
        transaction.captured_at = now
        transaction.gateway_reference = reference
    ids = [transaction.pk for transaction, _, _ in paid]
    cards = [card_of(each.facts) for each in paid]
    with connection.cursor() as cursor:
        cursor.execute(
            _CAPTURE,
            {
                "now": now,
                "ids": ids,
                "references": [each.reference for each in paid],
                "networks": [card.network for card in cards],
                "countries": [card.country for card in cards],
                "seconds": [each.facts.get("gateway_transaction", "") for each in paid],
            },
        )
        cursor.execute(_END_ATTEMPTS, {"now": now, "ids": ids})
    TransactionEvent.objects.bulk_create(history)
    ledger.post_many([draft_of(transaction) for transaction, _, _ in paid], now=now)
    record_taxes_of_many(
        [(transaction, facts.get("country", "")) for transaction, _, facts in paid], now=now
    )
    events.publish_many([captured_event(transaction) for transaction, _, _ in paid])
