"""Every test here runs once for each gateway there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.core import http
from tests.finance.payments.contract.rig import GATEWAY_NAMES, Rig
from tests.sandbox.control import Sandbox


@pytest.fixture(params=GATEWAY_NAMES)
def rig(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Rig]:
    http.reset_breakers()
    yield Rig(request.param, sandbox)
    http.reset_breakers()
