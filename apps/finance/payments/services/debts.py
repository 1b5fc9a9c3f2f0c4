"""What creators owe for refunds and lost chargebacks, recovered from what they earn later."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db.transaction import atomic

from apps.core.db import joins_transaction
from apps.core.errors import DomainError
from apps.core.money import Money
from apps.finance.ledger import errors as ledger_errors
from apps.finance.ledger import postings
from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.payments.models import Recovery
from apps.finance.payments.selectors.debts import debtors

log = structlog.get_logger(__name__)


def recover_debts(*, now: datetime, limit: int = 500) -> int:
    """
    Let creators who owe and have earned pay what they can; return how many did. A tick.

    Each is a transaction of its own: an account that is frozen stops nobody else.
    """
    recovered = 0
    for creator_id, currency, cluster in debtors(limit=limit):
        try:
            with atomic():
                recovered += recover_debt(
                    creator_id=creator_id, currency=currency, cluster=cluster, now=now
                )
        except DomainError as error:
            log.warning("debt_not_recovered", creator=creator_id, error=repr(error))
    return recovered


@joins_transaction
def recover_debt(*, creator_id: int, currency: str, cluster: str, now: datetime) -> bool:
    """
    Take the smaller of what a creator owes and has earned; False if either is nothing.

    Two at once: the ledger refuses what is no longer there, and the next run looks again.
    """
    owed = ledger_selectors.available_of(postings.due_from_creator(creator_id), currency)
    earned = ledger_selectors.available_of(postings.creator_payable(creator_id), currency)
    if owed.minor <= 0 or earned.minor <= 0:
        return False
    try:
        with atomic():
            _recover(creator_id, owed=owed, earned=earned, cluster=cluster, now=now)
    except ledger_errors.InsufficientFunds:
        return False
    return True


def _recover(creator_id: int, *, owed: Money, earned: Money, cluster: str, now: datetime) -> None:
    amount = min(owed, earned)
    recovery = Recovery.objects.create(
        creator_id=creator_id, amount_minor=amount.minor, currency=amount.currency, at=now
    )
    ledger.post(
        postings.debt_recovered(
            recovery_id=recovery.pk,
            creator_id=creator_id,
            owed=owed,
            earned=earned,
            cluster=cluster,
        ),
        now=now,
    )
