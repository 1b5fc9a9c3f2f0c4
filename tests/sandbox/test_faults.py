"""The proxy breaks the connections it was told to, and no others."""

import http.client
import time
from urllib.parse import urlsplit

import pytest

from sandbox.faults import FaultProxy
from tests.sandbox.control import Sandbox


@pytest.mark.parametrize(
    ("kind", "arrived", "error"),
    [
        ("cut", 0, OSError),
        ("swallow", 0, OSError),
        ("lose", 1, OSError),
        ("half", 1, http.client.HTTPException),
    ],
)
def test_a_spoiled_connection_is_spoiled_once(
    sandbox: Sandbox, kind: str, arrived: int, error: type[Exception]
) -> None:
    with FaultProxy(urlsplit(sandbox.url).port or 0) as proxy:
        through = Sandbox(proxy.url)
        proxy.plan(kind)

        with pytest.raises((error, http.client.HTTPException)):
            through.act("nmi", "token")
        spoiled = int(sandbox.act("nmi", "token")["token"] != "")
        after = through.act("nmi", "token")

    assert after["token"]
    assert (proxy.seen, proxy.spoiled, spoiled) == (2, 1, 1)
    assert serials(sandbox) == 3 + arrived


def serials(sandbox: Sandbox) -> int:
    """How many ids were given so far: what was asked for, and this one."""
    sandbox.act("nmi", "token")
    counted = sandbox.control("reset", seed=0)
    assert counted["ok"]
    return int(counted["serial"])


def test_a_slow_answer_comes_whole(sandbox: Sandbox) -> None:
    with FaultProxy(urlsplit(sandbox.url).port or 0) as proxy:
        proxy.plan("slow", seconds=0.3)
        began = time.monotonic()

        token = Sandbox(proxy.url).act("nmi", "token")

    assert token["token"]
    assert time.monotonic() - began >= 0.3


def test_there_is_no_fault_of_another_kind(sandbox: Sandbox) -> None:
    with (
        FaultProxy(urlsplit(sandbox.url).port or 0) as proxy,
        pytest.raises(ValueError, match="x"),
    ):
        proxy.plan("x")
