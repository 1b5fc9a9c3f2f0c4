"""No worker beside us: what services start soon is done at once, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_app


@contextmanager
def tasks_in_process() -> Iterator[None]:
    """Let every task run where it is started, so that nothing piles up at the broker."""
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    try:
        yield
    finally:
        current_app.conf.task_always_eager = before
