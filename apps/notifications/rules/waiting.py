"""How often and how long a message is tried, and how long its text is kept."""

from __future__ import annotations

from datetime import timedelta

#: After each failed try: a mail server that is down over a weekend's night loses nothing.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
#: A claim that outlives this belonged to a worker that died.
LEASE = timedelta(minutes=10)
#: A worker sends none of what it claimed after so long: what is left, the next one takes. One
#: conversation with a mail server is shorter than the difference (EMAIL_TIMEOUT for each step).
WORKS_FOR = timedelta(minutes=5)


def try_again_after(attempts: int) -> timedelta | None:
    """Return the wait after the n-th failed try; None when it was the last."""
    return WAITS[attempts - 1] if attempts <= len(WAITS) else None


def is_permanent(code: int) -> bool:
    """Test if a mail server's reply means: never this one (RFC 5321 4.2.1, 5yz)."""
    return 500 <= code <= 599  # noqa: PLR2004 (the standard's own figures)
