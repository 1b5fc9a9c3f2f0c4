"""How long to wait for a word, and how often to ask for one."""

from datetime import datetime, timedelta

#: A payer who says nothing for so long has left the payment page.
ABANDONED_AFTER = timedelta(minutes=60)
#: An approved return is followed by its webhook within seconds; then we ask ourselves.
LOOK_UP_AFTER = timedelta(minutes=5)
MOST_LOOK_UPS = 8
#: Money that is known to be on its way may take days (coins, bank debits): 2 hours apart.
MOST_LOOK_UPS_PENDING = 90
#: What a browser says without proof is asked about at once, and a charge without an answer.
ASK_AFTER_HINT = timedelta(seconds=10)
ASK_AFTER_SILENCE = timedelta(minutes=1)
#: So often must a gateway not know a charge of ours before it counts as never made.
NOT_FOUND_IS_FINAL_AFTER = 4
#: Banks let go of an authorisation after about a week, each network at its own time; it is asked
#: about before.
AUTHORISED_FOR = timedelta(days=5)
#: Accounts that are tried for one payment, in a row.
MOST_TRIES = 3
#: Tries of one payment in all: each card typed in is one, and whoever tests stolen cards has many.
MOST_TRIES_IN_ALL = 6
#: Of a webhook.
MOST_ATTEMPTS = 6
#: A claim that outlives this belonged to a worker that died.
LEASE = timedelta(minutes=2)
#: News of a sale that is not captured (yet) waits so long for the news that it was.
WAITS_FOR_OTHERS = timedelta(days=1)


def look_up_again_after(tries: int) -> timedelta:
    """1, 2, 4 … minutes, at most 2 hours: 8 tries spread over about 4 hours."""
    return min(timedelta(minutes=2 ** max(tries - 1, 0)), timedelta(hours=2))


def process_again_after(attempts: int) -> timedelta:
    """10, 20, 40 … seconds, at most an hour."""
    return min(timedelta(seconds=10 * 2 ** max(attempts - 1, 0)), timedelta(hours=1))


def hear_again_after(*, age: timedelta) -> timedelta:
    """As long as it waits already: at least 10 seconds, at most an hour."""
    return max(timedelta(seconds=10), min(age, timedelta(hours=1)))


def waits_no_longer(*, received_at: datetime, now: datetime) -> bool:
    """Test if news that waits for other news has waited in vain."""
    return now - received_at >= WAITS_FOR_OTHERS
