"""What the ledger's tests share."""

from collections.abc import Iterator

import pytest
from django.db import transaction


@pytest.fixture
def transactional_caller(db: None) -> Iterator[None]:
    """The transaction of a calling service: posting joins one and never opens it."""
    with transaction.atomic():
        yield
