"""Two banks that collect: one by ACH, one by SEPA."""

from __future__ import annotations

import pytest

from tests.finance.debits import given


@pytest.fixture(autouse=True)
def _credentials(settings):
    settings.GATEWAY_CREDENTIALS = given.CREDENTIALS


@pytest.fixture
def ach(db):
    return given.a_bank("ach")


@pytest.fixture
def sepa(db):
    return given.a_bank("sepa")
