"""Gives a test run its own servers before Django reads its settings; loaded by pyproject.toml."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from functools import partial

import pytest

from devstack.template import NAME, start_from_template
from devstack.throwaway import environment, given_by_environment, throwaway_servers

_running = ExitStack()
#: Set when this run started servers itself: its parallel workers then do not take them for given.
OURS = "FANZ_TEST_SERVERS"
MORE_WORKERS = 2


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Start servers, in each worker of xdist its own.

    Transactions of all databases of a server hold each other back: where one waits for those
    before it to end, as the roll-forward of the ledger does, workers would wait for each other.
    """
    if given_by_environment() and OURS not in os.environ:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    start = partial(start_from_template, name=f"{NAME}_{worker}" if worker else NAME)
    servers = _running.enter_context(throwaway_servers(start=start))
    _running.enter_context(environment(servers))
    os.environ[OURS] = "1"


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Some more workers than processors: tests of servers and browsers often wait for them."""
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return processors + min(processors, MORE_WORKERS)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _running.close()
