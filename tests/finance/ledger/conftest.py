"""What the ledger's tests share."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.operations import DatabaseOperations


@pytest.fixture
def transactional_caller(db: None) -> Iterator[None]:
    """The transaction of a calling service: posting joins one and never opens it."""
    with transaction.atomic():
        yield


@pytest.fixture
def emptied_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Django empty the append-only tables after a test that commits.

    Name it before ``transactional_db`` does its work: the guards rest for the flush alone.
    """
    flush = DatabaseOperations.execute_sql_flush

    def as_owner(self: DatabaseOperations, sql_list: list[str]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger"
                " WHERE NOT tgisinternal AND tgtype & 32 = 32"
            )
            tables = [table for (table,) in cursor.fetchall()]
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            flush(self, sql_list)
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    monkeypatch.setattr(DatabaseOperations, "execute_sql_flush", as_owner)
