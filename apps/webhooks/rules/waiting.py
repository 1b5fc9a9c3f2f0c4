"""How often and how long a message is sent, and how long an endpoint may fail."""

from datetime import timedelta

#: After each failed attempt. Two days in all, as a front end may be away over a weekend's night.
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
)
#: An endpoint that took nothing for so long is disabled; people are told.
FAILING_FOR = timedelta(days=5)
#: Both secrets sign for so long after a rotation.
ROTATION = timedelta(hours=24)
#: The log of attempts and the bodies are kept for so long.
KEPT = timedelta(days=60)
#: A claim that outlives this belonged to a worker that died.
LEASE = timedelta(minutes=2)


def send_again_after(attempts: int) -> timedelta | None:
    """Return the wait after the n-th failed attempt; None when it was the last."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None
