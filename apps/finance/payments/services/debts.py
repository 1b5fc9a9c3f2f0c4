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

_NO_DEBT = "The debt it paid is none"

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
    owed = _owed(creator_id, currency)
    earned = ledger_selectors.available_of(postings.creator_payable(creator_id), currency)
    if owed.minor <= 0 or earned.minor <= 0:
        return False
    try:
        with atomic():
            _recover(creator_id, owed=owed, earned=earned, cluster=cluster, now=now)
    except ledger_errors.InsufficientFunds:
        return False
    return True


@joins_transaction
def owe_again(*, creator_id: int, amount: Money, now: datetime) -> None:
    """
    Undo recoveries, the newest first, until a creator owes ``amount``, or none is left.

    A debt that turns out to be none (a lost dispute is won after all, a refund bounced) may be
    paid already; what was taken for it goes back to the earnings. What this undoes beyond it the
    next recovery takes again.
    """
    recoveries = Recovery.objects.filter(creator=creator_id, currency=amount.currency)
    for recovery in recoveries.order_by("-id").iterator():
        if _owed(creator_id, amount.currency) >= amount:
            return
        entry = ledger_selectors.entry_of(f"recovery:{recovery.pk}")
        if entry is not None:
            ledger.reverse(entry_id=entry.pk, by=None, reason=_NO_DEBT, now=now)


def _owed(creator_id: int, currency: str) -> Money:
    return ledger_selectors.available_of(postings.due_from_creator(creator_id), currency)


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
