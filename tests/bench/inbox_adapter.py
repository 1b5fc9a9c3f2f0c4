"""The inbox as a bench drives it, each function in a process of its own.

python -m tests.bench.inbox_adapter {prepare DSN N | drain DSN N | call PORT PATH N}
"""

from __future__ import annotations

import hashlib
import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from tests.bench import ledger_adapter
from tests.bench.lib.common import CLIENTS, CREATORS

TOKEN, SALT = "of-no-use-to-a-bench", "salt-of-no-use"
_PRICE, _CODE = "25.00", "840"
_DIGEST = hashlib.md5(f"{_PRICE}2{_CODE}{SALT}".encode(), usedforsecurity=False).hexdigest()


def body_of(order: str, number: int) -> bytes:
    """Return what CCBill posts about a sale."""
    return json.dumps(
        {
            "eventType": "NewSaleSuccess",
            "clientAccnum": "900000",
            "clientSubacc": "0001",
            "transactionId": f"{10**18 + number}",
            "subscriptionId": f"{10**18 + number}",
            "timestamp": "2026-01-15 05:00:00",
            "firstName": "Ada",
            "lastName": "Byron",
            "cardType": "VISA",
            "last4": "1111",
            "country": "US",
            "subscriptionInitialPrice": _PRICE,
            "subscriptionCurrencyCode": _CODE,
            "initialPeriod": "2",
            "dynamicPricingValidationDigest": _DIGEST,
            "X-order": order,
        }
    ).encode()


def prepare(database: str, count: int) -> None:
    """Open so many orders of tips, each with its try, and store a delivery that pays it."""
    ledger_adapter.attach(database)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0)
    from apps.finance.payments import services as payments
    from tests.factories.accounts import CreatorFactory, ProfileFactory
    from tests.factories.payments import MerchantAccountFactory

    fan = ProfileFactory.create()
    creators = [CreatorFactory.create(cluster=fan.cluster).pk for _ in range(CREATORS)]
    merchant = MerchantAccountFactory.create(cluster=fan.cluster, subaccount="0001")
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_bare (id bigserial PRIMARY KEY, gateway text NOT NULL,"
            " body bytea NOT NULL, received_at timestamptz NOT NULL)"
        )
        cursor.execute(
            "WITH t AS (INSERT INTO payments_transaction (public_id, cluster_id, kind, method,"
            " payer_id, payee_id, amount_minor, currency, platform_fee_minor,"
            " processing_fee_minor, net_minor, status, gateway, merchant_account_id,"
            " gateway_reference, failure_code, failure_reason, message, idempotency_key,"
            " created_at, last_word_at, look_ups)"
            " SELECT gen_random_uuid(), %(cluster)s, 'TIP', 'CARD', %(fan)s,"
            " (%(creators)s::bigint[])[1 + (n * 7919) %% %(many)s], 2500, 'USD', 375, 125, 2000,"
            " 'REQUIRES_ACTION', 'ccbill', %(merchant)s, '', '', '', '', 'bench-' || n,"
            " %(now)s, %(now)s, 0 FROM generate_series(1, %(count)s) n RETURNING *)"
            " INSERT INTO payments_attempt (transaction_id, number, merchant_account_id, gateway,"
            " kind, status, key, reference, checkout, sent, received, code, reason, keep,"
            " started_at) SELECT id, 1, merchant_account_id, gateway, 'HOSTED', 'WAITING',"
            " public_id || ':1', '', '{}', '{}', '{}', '', '', false, created_at FROM t",
            {
                "cluster": fan.cluster_id,
                "fan": fan.pk,
                "creators": creators,
                "many": CREATORS,
                "merchant": merchant.pk,
                "now": now,
                "count": count,
            },
        )
        cursor.execute("SELECT id, public_id FROM payments_transaction ORDER BY id")
        orders = cursor.fetchall()
    for number, order in orders:
        payments.receive_webhook(
            gateway="ccbill",
            query={},
            headers={"Content-Type": "application/json", "User-Agent": "CCBill"},
            body=body_of(str(order), number),
            remote_ip="127.0.0.1",
            now=now,
        )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def drain(database: str, count: int) -> dict[str, float]:
    """Process ``count`` deliveries as the worker does, and check that all went in batches."""
    ledger_adapter.attach(database)
    from apps.finance.payments.services import webhooks
    from apps.finance.payments.services.drain import book_batch

    done = 0
    began = time.perf_counter()
    while done < count:
        now = datetime.now(UTC)
        batch = webhooks.claim_batch(now, min(webhooks.BATCH, count - done))
        booked = book_batch(batch, now=now)
        if not batch or len(booked) != len(batch):
            raise RuntimeError(f"{len(booked)} of {len(batch)} went in a batch")
        done += len(booked)
    return {"events_per_second": done / (time.perf_counter() - began)}


def call(port: int, where: str, count: int) -> dict[str, float]:
    """Post ``count`` times over kept connections, some at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(_post, port, where, count // CLIENTS) for _ in range(CLIENTS)]:
            done.result()
    return {"requests_per_second": count // CLIENTS * CLIENTS / (time.perf_counter() - began)}


def _post(port: int, where: str, count: int) -> None:
    body = body_of("00000000-0000-4000-8000-000000000000", 1)
    request = (
        f"POST {where} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: CCBill\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        for _ in range(count):
            connection.sendall(request)
            answer = connection.recv(4096)
            while not answer.endswith((b"\r\n\r\nOK", b"OK\r\n0\r\n\r\n")):
                part = connection.recv(4096)
                if not part:
                    raise RuntimeError(f"no answer: {answer!r}")
                answer += part
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"not accepted: {answer!r}")


def main() -> None:
    what, place, *rest = sys.argv[1:]
    result: Any
    if what == "call":
        result = call(int(place), rest[0], int(rest[1]))
    else:
        result = {"prepare": prepare, "drain": drain}[what](place, int(rest[0]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
