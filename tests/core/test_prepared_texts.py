"""One row by the shortest way to the server."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import DataError

from apps.core import db
from apps.core.db import prepared_texts

pytestmark = pytest.mark.django_db

ECHO = "SELECT %s::text, %s::bytea::text, (%s::bigint + 1)::text"


@pytest.mark.parametrize(
    "text", ["", "NULL", "%s", "$1", "it's", '"', "\\", "\N{SNOWMAN}", "\N{GRINNING FACE}", None]
)
def test_what_is_sent_arrives(text: str | None) -> None:
    for _ in range(3):
        assert prepared_texts(ECHO, (text, b"\x00\xff", "41")) == (text, "\\x00ff", "42")


def test_it_is_prepared_by_the_driver_once() -> None:
    for _ in range(3):
        prepared_texts(ECHO, ("a", b"", None))

    # Where the driver keeps its names is not promised: here it is seen when they move.
    assert db._keys[ECHO] in connection.connection._prepared._names
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%bytea%'"
        )
        assert cursor.fetchone() == (1,)


def test_it_goes_on_after_a_rollback_which_makes_the_driver_forget() -> None:
    for _ in range(3):
        assert prepared_texts(ECHO, ("a", b"", None)) == ("a", "\\x", None)
        with pytest.raises(DatabaseError), transaction.atomic():
            prepared_texts(ECHO, ("a", b"", "no number"))

    assert prepared_texts(ECHO, ("a", b"", None)) == ("a", "\\x", None)


def test_somebody_who_looks_on_sees_it() -> None:
    prepared_texts(ECHO, ("a", b"", None))

    with CaptureQueriesContext(connection) as seen:
        assert prepared_texts(ECHO, ("b", b"", "1")) == ("b", "\\x", "2")

    assert len(seen) == 1


def test_a_text_with_nul_is_not_cut_short() -> None:
    for _ in range(3):
        with pytest.raises((DataError, DatabaseError)), transaction.atomic():
            prepared_texts(ECHO, ("a\0b", b"", None))
        prepared_texts(ECHO, ("a", b"", None))
