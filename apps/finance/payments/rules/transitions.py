"""Which state may follow which."""

from apps.finance.payments import errors
from apps.finance.payments.choices import NEXT, PAID, Status


def check_move(*, current: str, target: Status) -> None:
    """
    Answer only if ``target`` may follow ``current``.

    :raises WrongState: it may not
    """
    if not may_move(current=current, target=target):
        raise errors.WrongState(status=str(current), wanted=str(target))


def check_capture(*, current: str) -> None:
    """
    Answer only if a payment may be captured: once, for after it a dispute may be won, so that it
    is CAPTURED again, but nothing is paid again.

    :raises WrongState: it was paid already, or may not be
    """
    if current in PAID:
        raise errors.WrongState(status=str(current), wanted=Status.CAPTURED.value)
    check_move(current=current, target=Status.CAPTURED)


def may_move(*, current: str, target: Status) -> bool:
    """Test if a payment may go from one state to the other."""
    return target in NEXT[Status(current)]
