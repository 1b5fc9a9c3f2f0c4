"""Brands that collect tax, and rates they collect by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.clusters.models import Cluster
from apps.finance.tax import services as tax
from apps.finance.tax.choices import Product, TaxKind
from tests.factories.accounts import StaffFactory


@pytest.fixture
def finance() -> Any:
    return StaffFactory.create(role="finance")


@pytest.fixture
def entered(now: datetime, finance: Any) -> Callable[..., Any]:
    """Enter a rate and, unless told otherwise, have another person confirm it."""

    def enter(
        place: str = "DE", percent: str = "19", *, confirmed: bool = True, **changes: Any
    ) -> Any:
        wish: dict[str, Any] = {
            "place": place, "product": Product.ANY, "kind": TaxKind.VAT,
            "percent": Decimal(percent), "is_inclusive": True, "valid_from": date(2026, 1, 1),
            "source": "UStG 12 (1), read 2026-01-02", "by": finance, "reason": "adviser's letter",
            "now": now - timedelta(days=1),
        }  # fmt: skip
        row = tax.set_rate(**{**wish, **changes})
        if confirmed:
            other = StaffFactory.create(role="finance")
            tax.confirm_rate(rate_id=row.pk, by=other, reason="seen", now=now)
            row.refresh_from_db()
        return row

    return enter


@pytest.fixture
def taxing(now: datetime, finance: Any) -> Any:
    """The brand of the tests collects tax."""
    cluster = Cluster.objects.get(slug="boyfanz")
    return tax.turn_tax(
        cluster=cluster, is_on=True, by=finance, reason="OSS number is there",
        now=now - timedelta(hours=1),
    )  # fmt: skip
