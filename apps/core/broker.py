"""Tell a worker that there is something to do, without depending on it."""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import LimitExceeded, OperationalError
from redis import RedisError

log = structlog.get_logger(__name__)
_finding = threading.RLock()


def start_soon(task: str, **arguments: Any) -> None:
    """Enqueue a task by name, within about two seconds.

    A broker that is down or does not answer is logged, never raised: what called has stored
    its work, and a tick finds it later (timeouts: ``BROKER_PUBLISH_OPTIONS``).
    """
    if task not in current_app.tasks:
        _find_tasks(task)
    try:
        current_app.tasks[task].apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except (OperationalError, LimitExceeded, RedisError, OSError) as error:
        log.warning("broker.unreachable", task=task, error=str(error))


def _find_tasks(task: str) -> None:
    """Once: it lets Django check all of itself, which takes 30 ms; others wait until then."""
    with _finding:
        if task not in current_app.tasks:
            current_app.loader.import_default_modules()


class Nudge:
    """Asks a worker to look at something stored; never waits, and asks seldom.

    For what comes in by the thousand and is found by one look. A thread of its own publishes, so
    that a broker which is down or frozen holds up nobody. Whoever calls while it rests is heard
    when it wakes: the last call of a burst is followed by a task too.
    """

    def __init__(self, task: str, *, rest: float = 0.1) -> None:
        """``rest`` is the least time between two tasks, in seconds."""
        self._task = task
        self._rest = rest
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        """Ask. What there is to find must be committed."""
        if current_app.conf.task_always_eager:
            start_soon(self._task)  # tasks run in place: what they see is this thread's alone
            return
        self._asked.set()
        thread = self._thread
        if thread is None or not thread.is_alive():  # a fork leaves threads behind
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._publish, name=self._task, daemon=True)
                self._thread.start()

    def _publish(self) -> None:
        while self._asked.wait():
            self._asked.clear()
            start_soon(self._task)
            time.sleep(self._rest)
