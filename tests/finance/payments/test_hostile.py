"""The inbox on the web server of production: hostile bodies, and other servers away."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from apps.audit.models import AuditRecord
from apps.finance.payments import services as payments
from apps.finance.payments.adapters import GATEWAYS
from apps.finance.payments.adapters.base import Account, Delivery, NotAuthentic, Unreadable
from apps.finance.payments.choices import WebhookStatus
from apps.finance.payments.models import WebhookEvent
from apps.finance.payments.services import webhooks
from apps.finance.payments.views import MOST_BYTES
from sandbox import accounts
from tests.core.misbehaving import frozen_port

ROOT = Path(__file__).resolve().parents[3]
PATH = f"/webhooks/ccbill/{django_settings.CCBILL['webhook_token']}/"
TEN_MEGABYTES = 10 * 1024 * 1024
#: Gateways wait for ten seconds and more.
PATIENCE_SECONDS = 8.0
#: Far less than the four bodies of 10 MB that are on their way at the same time.
MOST_GROWTH_KB = 20 * 1024


@contextmanager
def web_server(**environment: str) -> Iterator[tuple[int, int]]:
    """The web server of production, one process; yields its port and the number of its process."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--no-ws",
         "--workers", "1", "--blocking-threads", "4", "--log-level", "error",
         "fanz.wsgi:application"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "fanz.settings.dev"} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        ends = time.monotonic() + 60
        while True:
            try:
                call(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                break
            except ConnectionRefusedError:
                assert time.monotonic() < ends, "the web server did not start"
                time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield port, int(children[-1])
    finally:
        process.terminate()
        process.wait(20)


def call(port: int, head: bytes, body: bytes = b"") -> tuple[int, float]:
    """Return the status of the answer and the seconds it took; 0 where the server hung up."""
    began = time.monotonic()
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 30) as line:
        try:
            line.sendall(head)
            for start in range(0, len(body), 65_536):
                line.sendall(body[start : start + 65_536])
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered already, and does not want the rest
        try:
            while b"\r\n" not in answer and (part := line.recv(4096)):
                answer += part
        except ConnectionResetError:
            pass
    found = re.match(rb"HTTP/1.1 (\d+)", answer)
    return int(found[1]) if found else 0, time.monotonic() - began


def post(port: int, body: bytes, *, path: str = PATH, chunked: bool = False) -> tuple[int, float]:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"{length}\r\nConnection: close\r\n\r\n"
    )
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return call(port, head.encode(), sent)


def most_memory(process: int) -> int:
    """Return the most memory the process ever had at once, in kB."""
    [line] = [
        each
        for each in Path(f"/proc/{process}/status").read_text().splitlines()
        if "VmHWM" in each
    ]
    return int(line.split()[1])


def database_of_the_tests() -> str:
    place = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(place._replace(path=f"/{connection.settings_dict['NAME']}"))


def hostile_bodies(size: int) -> dict[str, bytes]:
    return {
        "deep": b'{"a":' + b"[" * (size - 10),
        "deep and closed": b'{"a":' + b"[" * (size // 2 - 5) + b"]" * (size // 2 - 5) + b"}",
        "NaN": b'{"a": NaN, "b": -Infinity}',
        "a name twice": b'{"a": 1, "a": 2}',
        "many parts": b'{"a":[' + b"[]," * ((size - 20) // 3) + b"[]]}",
        "many names": b"{" + b'"a":1,' * ((size - 20) // 6) + b'"a":1}',
        "a long number": b'{"a":' + b"9" * (size - 20) + b"}",
        "a form of many": b"a=1&" * (size // 4),
        "a form, twice": b"a=1&a=2",
        "XML of levels": b"<a>" * (size // 3),
        "XML of entities": b'<!DOCTYPE a [<!ENTITY b "' + b"x" * (size - 60) + b'">]><a>&b;</a>',
        "zeros": b"\0" * size,
    }


@pytest.mark.django_db(transaction=True)
def test_while_valkey_is_frozen_hostile_bodies_are_answered_in_constant_memory():
    with (
        frozen_port() as nobody,
        web_server(
            DATABASE_URL=database_of_the_tests(), REDIS_URL=f"redis://127.0.0.1:{nobody}"
        ) as (port, process),
    ):  # fmt: skip
        first = [post(port, b'{"a": 1}') for _ in range(8)]
        assert [status for status, _ in first] == [200] * 8
        assert max(seconds for _, seconds in first) < PATIENCE_SECONDS
        status, seconds = post(port, b"{}", path="/webhooks/ccbill/guessed/")
        assert (status, seconds < PATIENCE_SECONDS) == (404, True)

        before = most_memory(process)
        with ThreadPoolExecutor(4) as pool:
            large = list(pool.map(lambda _: post(port, b"[" * TEN_MEGABYTES)[0], range(12)))
        chunked = post(port, b"[" * TEN_MEGABYTES, chunked=True)[0]
        small = [post(port, body)[0] for body in hostile_bodies(MOST_BYTES).values()]
        grown = most_memory(process) - before
        assert grown < MOST_GROWTH_KB

    assert set(large) <= {413, 0}
    assert 413 in large
    assert chunked in {411, 0}
    assert small == [200] * 12  # stored as they came; nothing is read before it is proved
    assert WebhookEvent.objects.count() == 8 + 12
    assert AuditRecord.objects.filter(action="payments.webhook_wrong_token").count() == 1
    assert payments.process_webhooks(now=timezone.now()) >= 1
    assert not WebhookEvent.objects.filter(status=WebhookStatus.PROCESSED).exists()


@pytest.mark.slow
def test_while_postgresql_is_away_a_gateway_is_asked_to_send_again():
    with socket.create_server(("127.0.0.1", 0)) as found:
        nobody = found.getsockname()[1]
    with (
        web_server(DATABASE_URL=f"postgres://fanz@127.0.0.1:{nobody}/fanz") as (port, _),
        ThreadPoolExecutor(2) as pool,
    ):
        true = pool.submit(post, port, b'{"a": 1}')
        guessed = pool.submit(post, port, b"{}", path="/webhooks/ccbill/guessed/")
        answers = true.result(), guessed.result()

    assert [status for status, _ in answers] == [503, 404]
    assert max(seconds for _, seconds in answers) < 2 * PATIENCE_SECONDS


@pytest.mark.parametrize("gateway", sorted(GATEWAYS))
def test_each_gateways_reader_refuses_them_in_constant_memory(gateway):
    config = accounts.credentials("http://127.0.0.1:1").get(gateway) or {}
    adapter = GATEWAYS[gateway]
    account = Account("", config=dict.fromkeys(adapter.needs, "") | config)
    for size in (MOST_BYTES, TEN_MEGABYTES):
        for what, body in hostile_bodies(size).items():
            delivery = Delivery(
                query={}, headers={}, body=body, remote_ip="127.0.0.1",
                received_at=timezone.now(),
            )  # fmt: skip
            tracemalloc.start()
            with pytest.raises((NotAuthentic, Unreadable)):
                adapter.read_webhook(delivery, account)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            # What may come in is read: a tree of objects has some sixty times the bytes it was
            # written in. What is larger is refused unread, at most copied for a digest.
            assert most < max(96 * MOST_BYTES, 4 * size), f"{what}: {most}"


@pytest.mark.django_db
def test_large_ones_are_taken_in_small_batches(now):
    for _ in range(40):
        payments.receive_webhook(
            gateway="adyen", query={}, headers={}, body=b"a" * MOST_BYTES, remote_ip="", now=now
        )
    taken = [len(webhooks.claim_batch(now, webhooks.BATCH)) for _ in range(4)]
    assert taken == [16, 16, 8, 0]
