"""Gives a test run its own servers before Django reads its settings; loaded by pyproject.toml."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from devstack.throwaway import environment, given_by_environment, throwaway_servers

_running = ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start servers in the first process only: the workers of xdist inherit its environment."""
    if "PYTEST_XDIST_WORKER" in os.environ or given_by_environment():
        return
    servers = _running.enter_context(throwaway_servers())
    _running.enter_context(environment(servers))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()
