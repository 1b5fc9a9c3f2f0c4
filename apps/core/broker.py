"""Tell a worker that there is something to do, without depending on it."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import LimitExceeded, OperationalError
from redis import RedisError

log = structlog.get_logger(__name__)


def start_soon(task: str, **arguments: Any) -> None:
    """Enqueue a task by name, within about two seconds.

    A broker that is down or does not answer is logged, never raised: what called has stored
    its work, and a tick finds it later (timeouts: ``BROKER_PUBLISH_OPTIONS``).
    """
    current_app.loader.import_default_modules()
    try:
        current_app.tasks[task].apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except (OperationalError, LimitExceeded, RedisError, OSError) as error:
        log.warning("broker.unreachable", task=task, error=str(error))
