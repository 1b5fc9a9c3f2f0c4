"""Fixtures every test may use."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 1, 15, 12, tzinfo=UTC)
