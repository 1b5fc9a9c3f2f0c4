"""Which state may follow which."""

from __future__ import annotations

from apps.finance.subscriptions import errors
from apps.finance.subscriptions.choices import NEXT, State


def check_move(*, current: str, target: State) -> None:
    """
    :raises WrongState: ``target`` may not follow ``current``
    """
    if target not in NEXT[State(current)]:
        raise errors.WrongState(state=current, wanted=target.value)
