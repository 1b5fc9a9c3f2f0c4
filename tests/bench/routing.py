"""What a routing decision costs of the request that asks for a checkout.

Requests go through the whole stack in one process: middleware, session-less API, idempotency,
quote, rows, audit, outbox, a durable commit. Twenty rules are active and the brand has five
accounts. Each request's time and the time of its decision (figures of the accounts, engine, the
row that keeps it, the chosen accounts' rows) are taken in the same run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from devstack.servers import Servers
from tests.bench import ledger_adapter
from tests.bench.lib import limits
from tests.bench.lib.common import ROOT, Figure

DATABASE = "bench_routing"
REQUESTS, WARM = 400, 40
RULES, ACCOUNTS, ENGINES = 20, 5, 2_000
#: Requests of one payer: below what the API lets a person ask in a minute.
EACH = 80
#: Of the request's time.
MOST = 0.05


def measure(servers: Servers) -> Iterator[Figure]:
    """Ask for checkouts one after the other, and look inside each."""
    place = limits.fresh(servers, DATABASE)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.bench.routing", place],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            **servers.environment,
            "ALLOWED_HOSTS": ".localhost",
            "FIELD_ENCRYPTION_KEY": "of-no-use-to-a-bench",
            "CCBILL_SALT": "of-no-use-to-a-bench",
        },
    )
    limits.drop(servers, DATABASE)
    found = json.loads(done.stdout.splitlines()[-1])
    yield Figure("routing.checkout_request", found["request_ms"], "ms")
    yield Figure("routing.decision", found["decision_ms"], "ms")
    yield Figure("routing.engine_20_rules", found["engine_ms"], "ms")
    yield Figure(
        "routing.decision_of_request",
        found["decision_ms"] / found["request_ms"],
        "ratio",
        most=MOST,
    )


# --- In a process of its own, with Django --------------------------------------------------


def run(place: str) -> dict[str, float]:
    """Prepare a brand, make the requests, return the middle times."""
    ledger_adapter.attach(place)
    from django.conf import settings
    from django.core.management import call_command

    settings.DEVELOPMENT_DOMAINS = True
    call_command("migrate", verbosity=0)
    call_command("sync_roles", verbosity=0)
    fans = [_prepare()] + [_fan() for _ in range((REQUESTS + WARM) // EACH)]
    inside = _Inside()
    took = []
    for number in range(REQUESTS + WARM):
        client = fans[number // EACH]
        began = time.perf_counter()
        answer = client.post(
            "/api/v1/payments/deposits/",
            {"amount": {"amount": "25.00", "currency": "USD"}},
            format="json",
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        took.append(time.perf_counter() - began)
        if answer.status_code != 201:
            raise RuntimeError(answer.content.decode())
    if len(inside.took) != len(took):
        raise RuntimeError(f"{len(inside.took)} decisions in {len(took)} requests")
    return {
        "request_ms": statistics.median(took[WARM:]) * 1000,
        "decision_ms": statistics.median(inside.took[WARM:]) * 1000,
        "engine_ms": _engine_ms(),
    }


class _Inside:
    """Takes the time of each decision where payments ask for it."""

    def __init__(self) -> None:
        from apps.finance.payments.services import way

        self.took: list[float] = []
        choose = way.rank  # type: ignore[attr-defined]

        def timed(**wish: Any) -> Any:
            began = time.perf_counter()
            found = choose(**wish)
            self.took.append(time.perf_counter() - began)
            return found

        way.rank = timed  # type: ignore[attr-defined]


def _prepare() -> Any:
    """A brand with accounts and rules of which the last decides."""
    from django.utils import timezone

    from apps.clusters.models import Cluster
    from apps.finance.payments.services import route
    from tests.factories.accounts import StaffFactory
    from tests.factories.payments import MerchantAccountFactory
    from tests.finance.routing.made import active, rule

    now = timezone.now()
    brand = Cluster.objects.get(slug="boyfanz")
    made = [
        MerchantAccountFactory.create(
            cluster=brand, account_number=str(n), monthly_cap_minor=10**10, cost_bps=100 * n
        )
        for n in range(ACCOUNTS)
    ]
    route.sync_routes(now=now)
    rules = [
        rule((made[0].pk, 1), name=f"rule {n}", countries=("DE", "FR"), currencies=("EUR",))
        for n in range(RULES - 1)
    ]
    rules.append(rule((made[1].pk, 70), (made[2].pk, 30), name="split"))
    ada, ben = (StaffFactory.create(role="finance") for _ in range(2))
    active(*rules, by=ada, other=ben, now=now)
    return _fan()


def _fan() -> Any:
    from rest_framework.test import APIClient

    from apps.clusters.models import Cluster
    from tests.conftest import BRAND_HOST
    from tests.factories.accounts import ProfileFactory

    fan = ProfileFactory.create(cluster=Cluster.objects.get(slug="boyfanz"))
    client = APIClient(headers={"host": BRAND_HOST})
    client.force_authenticate(fan.user)
    return client


def _engine_ms() -> float:
    """The engine alone: pure arithmetic."""
    from datetime import date

    from apps.finance.routing.rules import decide
    from tests.finance.routing.made import account, payment, rule

    candidates = [account(n, cost_bps=100 * n) for n in range(1, ACCOUNTS + 1)]
    rules = [rule((1, 1), countries=("DE",), position=n) for n in range(1, RULES)]
    rules.append(rule((2, 70), (3, 30), position=RULES))
    facts = payment(country="US")
    began = time.perf_counter()
    for number in range(ENGINES):
        decide(
            subject=str(number), facts=facts, candidates=candidates, rules=rules,
            today=date(2026, 1, 15),
        )  # fmt: skip
    return (time.perf_counter() - began) * 1000 / ENGINES


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1])))
