"""Rates that the tests of this folder read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from apps.finance.fx import services as fx
from apps.finance.fx.adapters import Quoted
from tests.factories.accounts import StaffFactory


@pytest.fixture
def quoted(now: datetime) -> Callable[..., int]:
    """Record rates: ``quoted("EUR/USD 2026-01-14 1.16", ...)``."""

    def record(*lines: str, source: str = "ECB", at: datetime = now) -> int:
        rows = []
        for line in lines:
            pair, day, rate = line.split()
            base, quote = pair.split("/")
            rows.append(Quoted(base, quote, date.fromisoformat(day), Decimal(rate)))
        with transaction.atomic():
            return fx.record_rates(rows=rows, source=source, by=None, reason="", now=at)

    return record


@pytest.fixture
def finance() -> Any:
    return StaffFactory.create(role="finance")
