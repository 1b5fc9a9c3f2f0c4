"""A person has decided about a payment that risk held back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from apps.core.db import joins_transaction
from apps.finance.payments.choices import Status
from apps.finance.payments.models import Transaction
from apps.finance.payments.services.move import cancel, move

log = structlog.get_logger(__name__)


@joins_transaction
def go_on_after_review(*, subject: str, approved: bool, reason: str, now: datetime) -> bool:
    """
    Let a payment go on, or cancel it; the payer is not told why. Said twice it changes nothing.

    ``subject`` is ``transaction:<public id>``. One to be charged with a stored means waits for
    its payer to confirm: nobody is charged when they think of something else already.
    """
    kind, _, public_id = subject.partition(":")
    if kind != "transaction":
        return False
    transaction = (
        Transaction.objects.select_for_update(of=("self",))
        .select_related("cluster")
        .filter(public_id=UUID(public_id))
        .first()
    )
    if transaction is None or transaction.review_since is None:
        return False
    transaction.review_since = None
    if transaction.status != Status.CREATED:
        transaction.save(update_fields=["review_since"])
        return False
    if approved:
        move(
            transaction=transaction,
            target=Status.REQUIRES_ACTION,
            now=now,
            reason=f"Approved after review: {reason}"[:200],
        )
    else:
        cancel(transaction=transaction, now=now, reason=f"Rejected after review: {reason}"[:200])
    return True
