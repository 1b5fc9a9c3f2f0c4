"""How long to wait for a word, and how often to ask for one."""

from datetime import timedelta

#: A payer who says nothing for so long has left the payment page.
ABANDONED_AFTER = timedelta(minutes=60)
#: An approved return is followed by its webhook within seconds; then we ask ourselves.
LOOK_UP_AFTER = timedelta(minutes=5)
MOST_LOOK_UPS = 8
MOST_ATTEMPTS = 6
#: A claim that outlives this belonged to a worker that died.
LEASE = timedelta(minutes=2)


def look_up_again_after(tries: int) -> timedelta:
    """1, 2, 4 … minutes, at most 2 hours: 8 tries spread over about 4 hours."""
    return min(timedelta(minutes=2 ** max(tries - 1, 0)), timedelta(hours=2))


def process_again_after(attempts: int) -> timedelta:
    """10, 20, 40 … seconds, at most an hour."""
    return min(timedelta(seconds=10 * 2 ** max(attempts - 1, 0)), timedelta(hours=1))
