"""Logs of a command that plays a thousand calls, some meant to fail."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet(level: int) -> Iterator[None]:
    """Log only what is at least ``level`` meanwhile; afterwards as before."""
    loggers = [logging.getLogger(name) for name in ("apps", "celery")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(level)
    try:
        yield
    finally:
        for logger, its in zip(loggers, before, strict=True):
            logger.setLevel(its)
