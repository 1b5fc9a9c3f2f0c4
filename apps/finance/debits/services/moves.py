"""The one place where a debit changes its state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from apps.core.db import joins_transaction
from apps.finance.debits import errors
from apps.finance.debits.choices import NEXT, DebitState
from apps.finance.debits.models import Debit, DebitEvent

if TYPE_CHECKING:
    from apps.accounts.models import User

_ENDED = frozenset({DebitState.SETTLED, DebitState.RETURNED, DebitState.CANCELLED})


@joins_transaction
def move_debit(
    debit: Debit, target: DebitState, *, now: datetime, reason: str, by: User | None = None
) -> None:
    """
    Change the state of a locked (or new) debit, save it whole and write its history.

    :raises WrongState: ``target`` may not follow
    """
    before = debit.state
    if target not in NEXT[DebitState(before)]:
        raise errors.WrongState(state=before, wanted=target)
    debit.state = target
    debit.ended_at = now if target in _ENDED else None
    debit.save()
    write_debits([debit], before, now=now, reason=reason, by=by)


@joins_transaction
def write_debits(
    debits: Sequence[Debit], before: str, *, now: datetime, reason: str, by: User | None = None
) -> None:
    """Write a line of history for each."""
    DebitEvent.objects.bulk_create(
        [
            DebitEvent(
                debit=debit, from_state=before, to_state=debit.state, at=now, by=by,
                reason=reason[:200],
            )
            for debit in debits
        ],
        batch_size=1000,
    )  # fmt: skip
