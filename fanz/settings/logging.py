"""Logs: one JSON object a line, with the request id; readable text on a developer's terminal."""

import os
import sys

import structlog
from structlog.typing import Processor

from apps.core.logs import add_context, redact

_readable = os.environ.get("LOG_FORMAT", "console" if sys.stderr.isatty() else "json") == "console"
_shared: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    add_context,
]

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=False,
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "structured": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": _shared,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # First into text, so that secrets in a traceback are hidden too. The renderer
                # for terminals would print every local variable, unredacted.
                structlog.processors.format_exc_info,
                redact,
                structlog.dev.ConsoleRenderer()
                if _readable
                else structlog.processors.JSONRenderer(default=str),
            ],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django would add handlers of its own, which print unstructured lines.
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        # They print whole addresses, with the secrets some processors want in the query.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # Each step of each evidence pack.
        "weasyprint": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
    },
}
