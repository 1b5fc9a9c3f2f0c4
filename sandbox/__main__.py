"""Start the sandbox: ``python -m sandbox --port 8010 [--state FILE]``."""

from __future__ import annotations

import argparse
import os
import sys
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
    given = parser.parse_args()
    guard = app.Guard(os.environ.get("DJANGO_SETTINGS_MODULE", ""), os.environ.get("FANZ_ENV", ""))
    if guard.refuses:
        sys.exit("The sandbox does not run with production settings.")
    uvicorn.run(
        app.build(config.from_environment(os.environ), state_path=given.state),
        host="127.0.0.1",
        port=given.port,
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


if __name__ == "__main__":
    main()
