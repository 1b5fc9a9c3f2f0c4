"""Fixtures of payouts."""

from __future__ import annotations

import pytest

from apps.payouts import adapters
from tests.payouts.rail import FakeRail


@pytest.fixture
def rail(monkeypatch) -> FakeRail:
    rail = FakeRail()
    monkeypatch.setitem(adapters.RAILS, "PAXUM", rail)
    return rail
