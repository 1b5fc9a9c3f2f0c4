"""Many ways on from one beginning, each tried as if the others had never been."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def undone_afterwards() -> Iterator[None]:
    """What happens within is as if it had never been: a savepoint of the test, not of the code."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # as Django's own TestCase does
    with block:
        yield
        transaction.set_rollback(True)
