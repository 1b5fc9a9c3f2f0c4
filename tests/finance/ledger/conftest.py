"""What the ledger's tests share."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from apps.accounts.models import User
from tests.factories.accounts import StaffFactory


@pytest.fixture
def transactional_caller(db: None) -> Iterator[None]:
    """The transaction of a calling service: posting joins one and never opens it."""
    with transaction.atomic():
        yield


@pytest.fixture(autouse=True)
def _alone(settings: Any) -> None:
    """The ledger by itself: the apps that its sources and checklists name stand above it."""
    settings.LEDGER_SOURCES = {}
    settings.LEDGER_CHECKLIST = []


@pytest.fixture
def by() -> User:
    return StaffFactory.create()


@pytest.fixture
def second() -> User:
    return StaffFactory.create()
