"""On what is measured."""

from __future__ import annotations

import os

import psycopg

from devstack.servers import Servers
from tests.bench.lib.limits import dsn


def described(servers: Servers) -> str:
    """Say on what is measured.

    :raises RuntimeError: the server may lose what it acknowledged
    """
    with psycopg.connect(dsn(servers, "postgres")) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            [[value]] = connection.execute(f"SHOW {name}".encode())
            if value != "on":
                raise RuntimeError(f"{name} is {value}: this is no measurement")
        [[version]] = connection.execute("SHOW server_version")
    load = os.getloadavg()[0]
    return f"PostgreSQL {version}, durable; {os.cpu_count()} cores, load {load:.2f} before"
