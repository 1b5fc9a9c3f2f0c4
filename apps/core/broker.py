"""Tell a worker that there is something to do, without depending on it."""

from __future__ import annotations

from typing import Any

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def start_soon(task: str, **arguments: Any) -> None:
    """Enqueue a task by name. A broker that is down is logged: a tick finds the work later."""
    current_app.loader.import_default_modules()
    try:
        current_app.tasks[task].apply_async(kwargs=arguments, retry=False, ignore_result=True)
    except (OperationalError, OSError) as error:
        log.warning("broker.unreachable", task=task, error=str(error))
