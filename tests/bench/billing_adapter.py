"""Billing as a bench drives it, each function in a process of its own.

python -m tests.bench.billing_adapter {prepare DSN N,N,N | bill DSN DAY | idle DSN COUNT}
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench import ledger_adapter

#: The first group is due on this day, each further one a day later.
FIRST_DUE = datetime(2026, 1, 15, 12, tzinfo=UTC)
CREATORS = 50
_TICKS = 200
# Each fan follows more creators, whose renewals lie far ahead.
_MORE = """
INSERT INTO subscriptions_subscription
    (public_id, fan_id, creator_id, cluster_id, plan_id, price_id, tier, months, amount_minor,
     currency, state, renews_by, timezone, anchored_at, anchored_number, period_number,
     current_from, current_until, due_at, access_until, cancel_at_end, cancel_reason, tries,
     consent, buyer_country, terms, terms_hash, idempotency_key, created_at, started_at,
     end_reason)
SELECT gen_random_uuid(), f.fan_id, p.creator_id, p.cluster_id, p.id, r.id, 1, 1, r.amount_minor,
       'USD', 'ACTIVE', 'WALLET', 'UTC', %(at)s, 1, 1, %(at)s, %(due)s, %(due)s,
       %(due)s, false, '', 0, 'NOT_NEEDED', '', '', '', 'more-' || p.id, %(at)s, %(at)s, ''
  FROM (SELECT DISTINCT fan_id, creator_id FROM subscriptions_subscription) f
  CROSS JOIN (SELECT * FROM subscriptions_plan ORDER BY id LIMIT 5) p
  JOIN subscriptions_price r ON r.plan_id = p.id
 WHERE p.creator_id <> f.creator_id
 LIMIT greatest(0, %(wanted)s - (SELECT count(*) FROM subscriptions_subscription))
"""


def prepare(database: str, sizes: str) -> None:
    """Make so many subscribers due on each of some days, their wallets filled."""
    ledger_adapter.attach(database)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    from tests.finance.subscriptions import crowd

    among = crowd.prices(CREATORS)
    for day, size in enumerate(sizes.split(",")):
        crowd.subscribers(
            int(size), due=FIRST_DUE + timedelta(days=day), among=among, name=f"day{day}-"
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def bill(database: str, day: int) -> dict[str, float]:
    """Bill what is due on a day as a worker does, until nothing is left for it; how many, from
    when to when, and memory at most."""
    ledger_adapter.attach(database)
    from celery import current_app

    from apps.finance.subscriptions.services.tick import bill_due

    current_app.loader.import_default_modules()  # as a worker does before its first task
    now = FIRST_DUE + timedelta(days=day, minutes=1)
    bill_due(now=FIRST_DUE - timedelta(days=1))
    began = time.time()
    billed = bill_due(now=now, budget=timedelta(minutes=10))
    ended = time.time()
    if billed.declined or billed.failed:
        raise RuntimeError(f"not all were renewed: {billed}")
    return {
        "renewed": billed.renewed,
        "began": began,
        "ended": ended,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def idle(database: str, count: int) -> dict[str, float]:
    """Look for what is due where ``count`` subscriptions are not; the middle of some ticks."""
    ledger_adapter.attach(database)
    from django.db import connection

    from apps.finance.subscriptions.services.tick import bill_due

    at, due = FIRST_DUE, FIRST_DUE + timedelta(days=90)
    with connection.cursor() as cursor:
        cursor.execute(_MORE, {"wanted": count, "at": at, "due": due})
        cursor.execute("VACUUM ANALYZE subscriptions_subscription")
        cursor.execute("SELECT count(*) FROM subscriptions_subscription")
        [there] = cursor.fetchone()
    took = []
    for _ in range(_TICKS):
        began = time.perf_counter()
        if bill_due(now=FIRST_DUE).touched:
            raise RuntimeError("something was due")
        took.append(time.perf_counter() - began)
    return {"subscriptions": there, "ms": statistics.median(took) * 1000}


def proof(database: str) -> dict[str, float]:
    """Count what the books say: payments, paid periods, and what all lines add up to."""
    ledger_adapter.attach(database)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM payments_transaction WHERE status = 'CAPTURED'),"
            " (SELECT count(*) FROM subscriptions_period WHERE number = 2 AND state = 'PAID'),"
            " (SELECT coalesce(sum(amount_minor), 0) FROM ledger_line),"
            " (SELECT count(*) FROM notifications_message)"
        )
        payments, periods, off, mails = cursor.fetchone()
    return {"payments": payments, "periods": periods, "off": float(off), "mails": mails}


def main() -> None:
    what, place, *rest = sys.argv[1:]
    result: Any
    if what == "prepare":
        result = None
        prepare(place, rest[0])
    elif what == "proof":
        result = proof(place)
    else:
        result = {"bill": bill, "idle": idle}[what](place, int(rest[0]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
