"""Start the sandbox: ``python -m sandbox --port 8010 [--state FILE]``."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

import uvicorn

from sandbox import app, config


def main() -> None:
    """Serve on the loopback address only, and never beside production settings."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument(
        "--state",
        type=Path,
        default=os.environ.get("SANDBOX_STATE") or None,
        help="keep what happened in this JSON file (default: $SANDBOX_STATE)",
    )
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input does: with its owner"
    )
    given = parser.parse_args()
    guard = app.Guard(os.environ.get("DJANGO_SETTINGS_MODULE", ""), os.environ.get("FANZ_ENV", ""))
    if guard.refuses:
        sys.exit("The sandbox does not run with production settings.")
    if given.until_eof:
        threading.Thread(target=_end_with_input, daemon=True).start()
    logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
    uvicorn.run(
        app.build(config.from_environment(os.environ), state_path=given.state),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Keep quiet about answers that were cut short on purpose (``failing.CutAnswer``)."""
    return "without completing response" not in record.getMessage()


if __name__ == "__main__":
    main()
