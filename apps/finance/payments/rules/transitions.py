"""Which state may follow which."""

from apps.finance.payments import errors
from apps.finance.payments.choices import NEXT, Status


def check_move(*, current: str, target: Status) -> None:
    """
    Answer only if ``target`` may follow ``current``.

    :raises WrongState: it may not
    """
    if not may_move(current=current, target=target):
        raise errors.WrongState(status=str(current), wanted=str(target))


def may_move(*, current: str, target: Status) -> bool:
    """Test if a payment may go from one state to the other."""
    return target in NEXT[Status(current)]
