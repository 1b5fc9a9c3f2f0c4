"""A month is not closed while one of its statements is not reconciled."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from apps.finance.reconciliation.selectors.month_end import month_end
from tests.finance.reconciliation import given

pytestmark = pytest.mark.django_db


def test_a_statement_with_something_open_keeps_its_month_open(now: datetime) -> None:
    later = now + timedelta(days=30)
    given.a_matched(given.a_source(now=now), given.a_row("nobody-knows"), now=now)

    (january,) = month_end(date(2026, 1, 1), date(2026, 1, 31), later)
    (december,) = month_end(date(2025, 12, 1), date(2025, 12, 31), later)

    assert (january.is_done, january.detail) == (False, "CCBill USD: 1 open exceptions.")
    assert december.is_done
