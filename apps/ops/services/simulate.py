"""A simulation: people of its own, business in simulated time, the books at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from apps.finance.ledger import selectors as ledger_selectors
from apps.finance.ledger import services as ledger
from apps.finance.payments import selectors as payment_selectors
from apps.ops import rules
from apps.ops.services.cast import gather
from apps.ops.services.play import TICK, Play, deeds_of_day, run_clockwork, stage
from apps.payouts import selectors as payout_selectors

#: Ticks without business at the end, so that what waits comes to its end: three days.
LAST_TICKS = 12


def simulate(
    *, size: rules.Size, now: datetime, on_day: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Play ``size.days`` days and three quiet ones that end at ``now``; return the summary.

    Equal sizes give equal summaries on an empty database: it holds no ids and no times.
    ``on_day`` is called after each day.

    :raises AlreadySimulated: this seed was played on this database before
    :raises SandboxDown: the sandbox does not start
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(days=size.days) - LAST_TICKS * TICK
    with stage() as sandbox:
        play = Play(size, start, gather(size, now=start), sandbox)
        for day in range(size.days):
            for at, do in sorted(deeds_of_day(play, day), key=itemgetter(0)):
                do(now=at)
            on_day()
        for tick in range(LAST_TICKS):
            run_clockwork(play, now=start + timedelta(days=size.days) + (tick + 1) * TICK)
    return _summary(play, now)


def _summary(play: Play, now: datetime) -> dict[str, Any]:
    check = ledger.check_books(now=now)
    paid: Counter[str] = Counter()
    for fan in play.cast.fans:
        for item in payment_selectors.transactions_of(fan):
            paid[f"{item.kind} {item.method} {item.status}"] += 1
    sent: Counter[str] = Counter(
        payout.status
        for creator in play.cast.creators
        for payout in payout_selectors.payouts_of(creator.profile)
    )
    size = play.size
    return {
        "days": size.days,
        "creators": size.creators,
        "fans": size.fans,
        "seed": size.seed,
        "transactions": dict(sorted(paid.items())),
        "payouts": dict(sorted(sent.items())),
        "trial_balance": [row._asdict() for row in ledger_selectors.trial_balance()],
        "books_balance": check.ok,
    }
