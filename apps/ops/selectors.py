"""Is this process able to serve? (OPS-3)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import kombu
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

#: What a failing part may raise; anything else is a bug and must be seen as one.
FAILURES = (DatabaseError, RedisError, OSError, kombu.exceptions.OperationalError)

#: A broker that accepts and never answers is as unready as one that refuses.
IMPATIENT = {"socket_timeout": 2, "socket_connect_timeout": 2}


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the platform and whether it works; ``detail`` never holds an address."""

    name: str
    ok: bool
    detail: str = ""


def readiness() -> list[Check]:
    """Ask every part a request needs: database, its migrations, cache and broker."""
    return [
        _check("database", _database),
        _check("migrations", _migrations),
        _check("cache", _cache),
        _check("broker", _broker),
    ]


def _check(name: str, probe: Callable[[], str]) -> Check:
    try:
        problem = probe()
    except FAILURES as error:
        problem = type(error).__name__
    return Check(name=name, ok=not problem, detail=problem)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else ""


def _cache() -> str:
    cache.set("health", "1", timeout=5)
    return "" if cache.get("health") == "1" else "no answer"


def _broker() -> str:
    with kombu.Connection(
        settings.CELERY_BROKER_URL, connect_timeout=2, transport_options=IMPATIENT
    ) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return ""
