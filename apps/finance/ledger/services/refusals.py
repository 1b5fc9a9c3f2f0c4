"""What the database refuses, by the names of errors.py."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, transaction
from psycopg import Error

from apps.finance.ledger import errors


@contextmanager
def refusals_by_name() -> Iterator[None]:
    """Raise what a guard of the database refuses as the domain's error; the caller can go on."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as refused:
        cause = refused.__cause__
        if not isinstance(cause, Error) or cause.sqlstate not in errors.BY_SQLSTATE:
            raise
        facts = json.loads(cause.diag.message_detail or "{}")
        raise errors.BY_SQLSTATE[cause.sqlstate](**facts) from refused
